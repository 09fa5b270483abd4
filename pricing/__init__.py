"""Rate cards and the calculator: what a request should cost. It knows no database and no clock."""

from pricing.calculator import Charge, price, rate
from pricing.catalog import Catalog, RatePeriod, load_catalog
from pricing.usage import TokenKind, Usage

__all__ = ["Catalog", "Charge", "RatePeriod", "TokenKind", "Usage", "load_catalog", "price", "rate"]
