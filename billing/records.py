"""What a log yields: usage records, records of an account, rejects, and lines that are none of these.

No text of a prompt or key gets this far.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from pricing.usage import Usage

if TYPE_CHECKING:
    from billing.importing.mapping import Mapping

#: To be raised when a reader of logs makes other records of the same bytes: files are then read again.
_READERS = 1
#: The tag that names the request which a refund or a failed try belongs to.
OF_REQUEST = "of_request"
#: More tokens than any request or report can hold: beyond it a number is damage, not usage.
MOST_TOKENS = 10**15


class Status(StrEnum):
    """How a request ended."""

    OK = "ok"
    FAILED = "failed"
    """The vendor answered with an error: no usage, a class of its own and never a zero-cost row."""
    INCOMPLETE = "incomplete"
    """A stream that was cut: its tokens are a lower bound."""
    SUMMARY = "summary"
    """A vendor's own sum over many requests: kept beside them, never rated and in no total of theirs."""
    REFUND = "refund"
    """Money given back: `charged` is below zero. Kept beside the requests and never rated."""


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One metered request.

    `request_id` is the vendor's id of the answer (message, completion or generation); empty if the log has none.
    `client_request_id` is the id that the client or gateway gave the call.
    `at` is None where the log tells no time: nothing here ever means "now".
    `charged` is what the vendor said it took, in `unit`; None is "not said", which is not 0.
    `sku` is the model name that was asked for where the log tells it, else the one that answered.
    """

    line: int
    provider: str | None
    sku: str
    request_id: str = ""
    client_request_id: str | None = None
    at: datetime | None = None
    usage: Usage = field(default_factory=Usage)
    status: Status = Status.OK
    charged: Decimal | None = None
    unit: str | None = None
    error_status: int | None = None
    error_code: str | None = None
    error_type: str | None = None
    project: str | None = None
    api_key_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    is_snapshot: bool = False
    """Whether this shape writes a request more than once while it streams, the last word being the true one."""


def as_refund(record: UsageRecord) -> UsageRecord:
    """Return the record of money given back for a request: it is not that request.

    Which one that is a tag says, and then the record's id is its own; without the tag it stands under the request's id.
    """
    if OF_REQUEST in dict(record.tags):
        return replace(record, status=Status.REFUND, client_request_id=None)
    of_request = record.request_id or record.client_request_id
    tags = dict(record.tags) | ({OF_REQUEST: of_request} if of_request else {})
    return replace(
        record, status=Status.REFUND, request_id="", client_request_id=None, tags=tuple(sorted(tags.items()))
    )


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was not taken: the line it begins on, a reason code and, where it helps, the field's name.

    It never holds text of the line.
    """

    line: int
    reason: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A line that is no record of its shape, such as a user's turn in a session."""

    line: int


class EntryKind(StrEnum):
    """Why credits went onto or off an account beside the charges of requests."""

    TOP_UP = "top_up"
    """Credits bought, and what the vendor gave on top."""
    REFUND = "refund"
    """Credits given back to the account, with no request named."""
    ADJUSTMENT = "adjustment"
    """Anything else that the vendor books; below zero it takes credits away."""


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """What went onto or off an account beside the charges of requests; amounts are in `unit`.

    `entry_id` is the vendor's id of it; empty if it has none. `paid` is in `currency`; None is "not said".
    """

    line: int
    provider: str
    at: datetime
    credits: Decimal
    unit: str
    kind: EntryKind = EntryKind.TOP_UP
    bonus: Decimal = Decimal(0)
    paid: Decimal | None = None
    currency: str | None = None
    expires_at: datetime | None = None
    """First instant at which the credits are gone; None if they never are."""
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """A balance as the vendor told it at an instant, in `unit`; it may be below zero."""

    line: int
    provider: str
    at: datetime
    balance: Decimal
    unit: str


AccountRecord = AccountEntry | BalanceReading
Outcome = UsageRecord | AccountEntry | BalanceReading | Reject | Ignored


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader of logs is told from outside: the provider and the zone that the user names.

    `provider` overrules what the shape itself would say. `zone` is for times that carry none. With `by_content` ids are
    not believed: a record is told from another by what it says and when. `mapping` is for tables of no shape we know.
    """

    provider: str | None = None
    zone: tzinfo | None = None
    by_content: bool = False
    mapping: "Mapping | None" = None

    def described(self) -> str:
        """Return these options as one text: the same bytes read with the same options give the same records."""
        mapping = self.mapping and repr(replace(self.mapping, skipped=frozenset())) + repr(sorted(self.mapping.skipped))
        told = (_READERS, self.provider, self.zone and str(self.zone), self.by_content, mapping)
        return hashlib.blake2b(repr(told).encode(), digest_size=12).hexdigest()


def tags_text(tags: dict[str, str]) -> str | None:
    """Return tags as the ledger holds them: a JSON object with sorted keys and no spaces; None if there are none."""
    return json.dumps(tags, sort_keys=True, ensure_ascii=False, separators=(",", ":")) if tags else None
