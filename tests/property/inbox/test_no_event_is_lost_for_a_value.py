"""Whatever bytes stand in a field that nobody needs, the event is kept and followed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from receiver.posts import to_post
from store.inbox.record import MailState
from store.sealing import Keyring
from wecom.callbacks import Callback, parse_callback
from wecom.events import MemberChange, UnclearChange

KEYRING = Keyring((b"k" * 32,))
# What WeCom documents beside the key, and what it may add.
BESIDE = st.sampled_from(
    b"Name Position Mobile Alias ExtAttr Department Status OpenUserID MainDepartment"
    b" IsLeaderInDept DirectLeader TimeStamp State Tomorrow".split()
)
FORMS = st.sampled_from([b"<%b>%b</%b>", b"<%b><![CDATA[%b]]></%b>"])
BYTES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from(
            b"\x00 \x1f \xff \xef\xbf\xbe \xed\xa0\x80 & &x; &#0; &amp; < > </ <b> ]]>"
            b" <![CDATA[ a".split(b" ")
        )
    ).map(b"".join),
)


def message(key: bytes, *beside: bytes) -> bytes:
    """A change of a member, the key in the middle of what else it says."""
    head = b"<SuiteId>s</SuiteId><AuthCorpId>wpA</AuthCorpId>"
    kind = b"<InfoType>change_contact</InfoType><ChangeType>update_user</ChangeType>"
    first, rest = beside[:1], beside[1:]
    return b"<xml>" + b"".join((head, *first, kind, key, *rest)) + b"</xml>"


def element(form: bytes, name: bytes, value: bytes) -> bytes:
    return form % (name, value, name)


def followed(message: bytes) -> Callback:
    """The callback, which became mail that a worker will look at."""
    callback = parse_callback(message)
    post = to_post(callback, message, KEYRING)
    assert (post.mailbox, post.state) == ("corp:wpA", MailState.PENDING)
    return callback


@given(name=BESIDE, form=FORMS, value=BYTES)
def test_any_bytes_beside_the_key_leave_the_event_as_it_is(
    name: bytes, form: bytes, value: bytes
) -> None:
    beside = element(form, name, value.replace(b"</" + name, b""))

    callback = followed(message(b"<UserID>woU1</UserID>", beside, beside[:0]))

    assert isinstance(callback.detail, MemberChange)
    assert callback.detail.userid == "woU1"
    assert callback.change == "update_user"


@given(form=FORMS, value=BYTES)
def test_any_bytes_in_the_key_are_that_key_or_the_whole_corp(
    form: bytes, value: bytes
) -> None:
    key = element(form, b"UserID", value.replace(b"</UserID", b""))

    detail = followed(message(key)).detail

    match detail:
        case MemberChange():
            # Read, so it is the text that XML has there.
            assert detail.userid.encode()
        case _:
            assert detail == UnclearChange()
