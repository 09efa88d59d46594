# A topology of nothing.
