"""By what callbacks are believed, as the settings say: one rule for every door."""

from configuration.sections import WeComSettings
from wecom.crypto import AesKey
from wecom.intake import SuiteIdentity


def identity_of(wecom: WeComSettings) -> SuiteIdentity:
    """What a callback is checked against; refused ones are looked into by the same."""
    return SuiteIdentity(
        token=wecom.token,
        key=AesKey.parse(wecom.encoding_aes_key),
        suite_id=wecom.suite_id,
        suite_ids=frozenset(filter(None, (wecom.suite_id, wecom.login_suite_id))),
        provider_corp_id=wecom.provider_corp_id,
    )
