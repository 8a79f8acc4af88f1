"""How the official plugins read back what they were given: another text for the same value is a change for ever."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def cpus_text(cpus: float) -> str:
    """Cores as pulumi-docker reads them back from Docker: any other text for the same number is a change for ever.

    Source: terraform-provider-docker 4.5.0, nanoInt64ToDecimalString: 1 is "1.0", 10 is "10.", 0.25 is "0.25"; with nine
    zeros among its digits a number is cut to one decimal, so that 0.05 comes back as "0.1".
    """
    exact = f"{Decimal(str(cpus)):.9f}"
    if exact.count("0") == 9:
        return str(Decimal(exact).quantize(Decimal("0.1"), ROUND_HALF_UP))
    return exact.rstrip("0")
