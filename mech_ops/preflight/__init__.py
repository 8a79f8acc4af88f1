"""`mech preflight`: what can be checked before the first `pulumi up` without changing anything.

checks.py has what a check is and how they are run, look.py says which ones there are; each other module looks at one
subject. A check is a function that returns what it saw, or raises Wrong (one sentence: what, where, what to do next)
or NotLooked (why it could not be made): that is never "ok".
"""
