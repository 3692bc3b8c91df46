"""Callbacks sealed by another implementation are opened, and followed in any order."""

import random
from collections.abc import Iterable

from tests.e2e.chance import History
from tests.e2e.foreign import Sender
from tests.e2e.office import Install, Office
from tests.e2e.product import Product, Row


def sender(product: Product) -> Sender:
    return Sender.of(address=product.receiver, settings=product.settings)


def push(product: Product, office: Office, pushes: Iterable[Row]) -> list[bytes]:
    """Deliver what the simulator kept back; the answers."""
    foreign, suite_id = sender(product), product.settings["WECOM_SUITE_ID"]
    answers = []
    for each in pushes:
        command = each["channel"] == "command"
        answer = foreign.post(
            "/wecom/command" if command else "/wecom/data",
            each["xml"],
            receiver=suite_id if command else office.corp_id,
        )
        answers.append(answer.content)
    return answers


def test_both_addresses_prove_themselves(product: Product) -> None:
    foreign, provider = sender(product), product.settings["WECOM_PROVIDER_CORP_ID"]

    for path in ("/wecom/command", "/wecom/data"):
        answer = foreign.verify(path, "4562793014", receiver=provider)

        assert (answer.status_code, answer.content) == (200, b"4562793014")


def test_events_from_another_hand_are_followed_repeated_and_shuffled(
    product: Product, install: Install, seed: int
) -> None:
    office = install()
    office.fault("drop")
    History(office, seed=seed).go_on(60)
    office.behave()
    kept = [each for each in office.pushes() if each["fate"] == "dropped"]
    dice = random.Random(seed)  # noqa: S311 - an order, not a secret

    shuffled = dice.sample(kept * 3, k=3 * len(kept))
    answers = push(product, office, shuffled)

    assert set(answers) == {b"success"}
    office.await_equal()


def test_an_event_sealed_with_another_key_is_refused(product: Product) -> None:
    wrong = {**product.settings, "WECOM_ENCODING_AES_KEY": "A" * 43}
    foreign = Sender.of(address=product.receiver, settings=wrong)

    answer = foreign.post("/wecom/command", "<xml/>", receiver="ww")

    assert (answer.status_code, answer.content) == (403, b"")
