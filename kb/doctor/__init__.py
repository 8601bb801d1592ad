"""``kb doctor``: how each part of this installation stands, what is wrong, and what mends it.

Every look is bounded in time, all go on side by side, and none changes anything: no catalog is made
or migrated, no engine is started, no model is loaded unless it is asked for a word.
"""
