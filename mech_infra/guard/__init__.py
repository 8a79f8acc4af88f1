"""No plan loses data: what a stack keeps, and which changes of it are refused before anything is touched.

`judging` knows which change of which resource loses what; `program` looks at the program and its plan with it.
"""
