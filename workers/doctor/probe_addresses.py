"""Probes of our own addresses: receiver, web, and a callback sent to ourselves."""

import secrets
import time
from collections.abc import Iterator

import requests

from serving.listening import own_address
from settings import Settings
from wecom.crypto import PREFIX_BYTES, AesKey, seal_envelope, sign
from workers.doctor.verdicts import ProbeResult, Words, failed, fine

_SECONDS = 5.0
_CONFIGURATION = Words(
    en="provider console, app details, callback configuration",
    zh="服务商后台 › 应用详情 › 回调配置",
)


def examine(settings: Settings) -> Iterator[ProbeResult]:
    """Receiver and web answer where they should, and a callback comes through."""
    receiver = f"http://{own_address(settings.bind, settings.port)}"
    web = f"http://{own_address(settings.bind, settings.web_port)}"
    yield _receiver(receiver, settings)
    yield _reachable("web", f"{web}/readyz", process="web", setting="WEB_PORT")
    yield _public(settings)


def _receiver(address: str, settings: Settings) -> ProbeResult:
    reached = _reachable(
        "receiver", f"{address}/readyz", process="receiver", setting="PORT"
    )
    return reached if reached.advice else _callback(address, settings)


def _callback(address: str, settings: Settings) -> ProbeResult:
    """WeCom's own check of a callback URL, done by us: sign, seal, ask, compare."""
    message = str(secrets.randbelow(10**19)).encode()
    answer = requests.get(
        f"{address}/wecom/command",
        params=_signed(settings, message),
        timeout=_SECONDS,
    )
    if answer.status_code == requests.codes.ok and answer.content == message:
        return fine(
            "callbacks",
            en="The receiver verifies and opens a callback of ours.",
            zh="receiver 能验签并解密我们发出的回调。",
        )
    return failed(
        "callbacks",
        Words(
            en=f"The receiver refuses a callback of ours ({answer.status_code}).",
            zh=f"receiver 拒绝了我们发出的回调（{answer.status_code}）。",
        ),
        Words(
            en="Restart the receiver with the present WECOM_TOKEN, "
            "WECOM_ENCODING_AES_KEY and WECOM_SUITE_ID; they must equal those in: "
            f"{_CONFIGURATION.en}.",
            zh="请用当前的 WECOM_TOKEN、WECOM_ENCODING_AES_KEY、WECOM_SUITE_ID 重启 "
            f"receiver；三者须与「{_CONFIGURATION.zh}」中的一致。",
        ),
    )


def _signed(settings: Settings, message: bytes) -> dict[str, str]:
    echo = seal_envelope(
        AesKey.parse(settings.wecom.encoding_aes_key),
        message,
        receiver=settings.wecom.suite_id,
        prefix=secrets.token_bytes(PREFIX_BYTES),
    )
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    return {
        "msg_signature": sign(
            token=settings.wecom.token, timestamp=timestamp, nonce=nonce, encrypt=echo
        ),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echo,
    }


def _public(settings: Settings) -> ProbeResult:
    reached = _get(f"{settings.public_url}/healthz")
    if reached is None:
        return fine(
            "public url",
            en="The web answers at PUBLIC_URL.",
            zh="可通过 PUBLIC_URL 访问 web。",
        )
    return failed(
        "public url",
        Words(
            en=f"{settings.public_url} does not lead to the web ({reached}).",
            zh=f"{settings.public_url} 无法访问到 web（{reached}）。",
        ),
        Words(
            en="Correct PUBLIC_URL, or the proxy in front of WEB_PORT.",
            zh="请修正 PUBLIC_URL，或 WEB_PORT 前面的反向代理。",
        ),
    )


def _reachable(probe: str, address: str, *, process: str, setting: str) -> ProbeResult:
    fault = _get(address)
    if fault is None:
        return fine(probe, en=f"{address} is ready.", zh=f"{address} 已就绪。")
    return failed(
        probe,
        Words(en=f"{address}: {fault}.", zh=f"{address}：{fault}。"),
        Words(
            en=f"Start the process `{process}` of the Procfile here, or correct "
            f"{setting}.",
            zh=f"请在本机启动 Procfile 中的 {process} 进程，或修正 {setting}。",
        ),
    )


def _get(address: str) -> str | None:
    """What is wrong with an address; None when it answers 200."""
    try:
        answer = requests.get(address, timeout=_SECONDS)
    except requests.RequestException as error:
        return type(error).__name__
    return None if answer.status_code == requests.codes.ok else str(answer.status_code)
