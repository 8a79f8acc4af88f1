"""The items of the guide's three lists ("Prevention Checklist"), one module a list. Importing this one fills the table."""

from mech_ops.checklist.items import daily, monthly, weekly

__all__ = ["daily", "monthly", "weekly"]
