"""What can be wrong with logs and ledgers. Each message names the file, where it can the line, and the remedy."""


class BillingError(Exception):
    """Something about usage or the ledger is wrong; the message says what and how to mend it."""


class RefusedInputError(BillingError):
    """A file is not taken at all."""


class LedgerError(BillingError):
    """The ledger can't be opened, or is not one of ours."""


class UnknownRequestError(BillingError):
    """No request of that id is in the ledger."""


class TooFewChargesError(BillingError):
    """The ledger holds too few charges to infer anything from."""


class EmptyLedgerError(BillingError):
    """The ledger holds nothing that a statement could be of."""


class StaleRatingError(BillingError):
    """The tables of a rating have given way to those of another."""


class BadMomentError(BillingError):
    """Something is asked as of a time at which it was not yet."""


class EngineError(BillingError):
    """An engine can't be had, or did not answer."""


class RefusedEngineError(EngineError):
    """An engine does not compute as exactly as money asks for."""
