"""The requests of `spark_values` as a vendor's customer has them: packed logs, refunds, a rate card, a mapping."""

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from billing.importing.loads import Counts, Options
from billing.importing.mapping import load_mapping
from billing.records import Reading
from tests.spark_values import CARD, CENT, CREDIT, OCTOBER_US, PROVIDER, UNPUBLISHED, Priced, Request

LOADED_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
#: Logs that tell requests first; the one after them tells some again.
FILES: Final = 12
#: One request in so many is told again word for word, with another charge, or without its charge.
TOLD_AGAIN, TOLD_OTHERWISE, TOLD_LESS = 20, 90, 110
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
_DAMAGED: Final = (
    b"{no json",
    b'{"timestamp":"2026-10-01T00:00:00Z","response":{"type":"message","id":"m","model":"x"}}',
)
_MAPPING: Final = f"""
provider = "{PROVIDER}"
unit = "credit"
zone = "UTC"
[columns]
request_id = "request"
at = "time"
sku = "model"
input = "tokens"
charged = "amount"
[status]
column = "kind"
refund = ["refund"]
"""


def write_logs(folder: Path, requests: Sequence[Request]) -> Counts:
    """Write logs and refunds into a folder; return what an import has to say of them."""
    folder.mkdir(parents=True, exist_ok=True)
    again, counts = list(_told_again(requests)), Counter[str]()
    for nth in range(FILES):
        lines = [log_line(request) for request in requests[nth::FILES]]
        _pack(folder / f"{nth:02}.ndjson.gz", [*lines, *_DAMAGED])
    for nth in range(2):
        _pack(folder / f"again-{nth}.ndjson.gz", [log_line(request) for _, request in again[nth::2]])
    counts.update(kind for kind, _ in again)
    given_back = [_refund(request) for request in requests if request.refunded]
    given_back += [*given_back[:20], b"msg_of_nobody,2026-10-09T00:00:00Z,alpha,0,-5,refund"]
    _pack(folder / "refunds.csv.gz", [b"request,time,model,tokens,amount,kind", *given_back])
    imported, rejected, twice = len(requests) + len(given_back) - 20, FILES * len(_DAMAGED), counts["duplicate"] + 20
    told = imported + rejected + twice + counts["superseded"] + counts["conflict"]
    return Counts(told, imported, twice, counts["superseded"], counts["conflict"], rejected, ignored=1)


def options(folder: Path) -> Options:
    """Return how these logs are to be imported; the mapping of refunds is written into the folder."""
    (mapping := folder / "refunds.toml").write_text(_MAPPING)
    return Options(Reading(mapping=load_mapping(mapping)), LOADED_AT)


def write_card(folder: Path, priced: Sequence[Priced] = CARD) -> Path:
    """Write the vendor's rate card, or some of its SKUs, into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (card := folder / f"{PROVIDER}.toml").write_text("\n".join(_card(priced)))
    return card


def log_line(request: Request) -> bytes:
    """Return the line of a client's log that tells of a request."""
    head = (
        f'{{"timestamp":"{_time(request.at_us)}","request_id":"{request.client_id}","provider":"{PROVIDER}",'
        f'"project":"p{request.number % 7}","request":{{"model":"{request.sku}"}},'
    )
    charge = "" if request.charged is None else f',"credits_consumed":{_digits(request.charged)}'
    if request.has_failed:
        error = '"error":{"code":"upstream_error","type":"upstream_error","message":"no"}'
        return f'{head}"status":503,"response":{{{error}{charge}}}}}'.encode()
    fresh, out, read, five, hour, unsplit = request.tokens
    usage = (
        f'"input_tokens":{fresh},"output_tokens":{out},"cache_read_input_tokens":{read},'
        f'"cache_creation_input_tokens":{five + hour + unsplit},'
        f'"cache_creation":{{"ephemeral_5m_input_tokens":{five},"ephemeral_1h_input_tokens":{hour}}}'
    )
    return (
        f'{head}"status":200,"response":{{"id":"{request.request_id}","type":"message","model":"m",'
        f'"content":[{{"type":"text","text":"[simulated]"}}],"usage":{{{usage}}}{charge}}}}}'
    ).encode()


def _told_again(requests: Sequence[Request]) -> Iterator[tuple[str, Request]]:
    """Yield what is told a second time, and what is to become of it; the first telling is always the better one."""
    for request in requests:
        if request.number % TOLD_AGAIN == 0:
            yield "duplicate", request
        elif request.charged is not None and request.number % TOLD_OTHERWISE == 1:
            yield "conflict", replace(request, charged=request.charged + 50 * CENT)
        elif request.charged is not None and not request.has_failed and request.number % TOLD_LESS == 2:
            yield "superseded", replace(request, charged=None)


def _refund(request: Request) -> bytes:
    at = _time(request.at_us + 60 * 10**6)
    return f"{request.request_id},{at},{request.sku},0,-{_digits(request.refunded)},refund".encode()


def _card(card: Sequence[Priced]) -> Iterator[str]:
    yield f'provider = "{PROVIDER}"\nname = "Vendor"\nunit = "credit"'
    yield '[sources.page]\ndocument = "page.txt"\ntitle = "Prices"'
    known = 'observed_on = 2026-09-01\nsource = "page"\nfield = "price"'
    yield f"[[usd_per_unit]]\n{known}\nusd = 0.005"
    for priced in card:
        yield f'[[skus]]\nid = "{priced.sku}"\nmodel = "{priced.sku}"'
        for slot in range(priced.slots):
            if rates := priced.rates(slot):
                start, end = (OCTOBER_US + each * priced.slot_us for each in (slot, slot + 1))
                yield f"[[skus.rates]]\n{known}\nvalid_from = {_time(start)}\nvalid_to = {_time(end)}"
                yield _rates(rates) + f"rounding = {priced.rule.toml}"
    yield f'[[skus]]\nid = "{UNPUBLISHED}"\nmodel = "pending"\n[[skus.rates]]\n{known}\n{_rates((None,) * 5)}'


def _rates(rates: tuple[int | None, ...]) -> str:
    """Return rates per 1M tokens as the card has them; a pico-unit per token is 10^-6 of a unit."""
    told = list(zip(_KINDS, rates, strict=True))
    priced = ", ".join(f"{kind} = {rate // 10**6}.{rate % 10**6:06}" for kind, rate in told if rate is not None)
    unpublished = ", ".join(f'"{kind}"' for kind, rate in told if rate is None)
    return f"per_mtok = {{ {priced} }}\nunpublished = [{unpublished}]\n"


def _digits(pico: int) -> str:
    """Return pico-units as units, in plain digits."""
    return f"{pico // CREDIT}.{pico % CREDIT:012}".rstrip("0").rstrip(".")


def _time(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _pack(path: Path, lines: Sequence[bytes]) -> None:
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n", compresslevel=1, mtime=0))
