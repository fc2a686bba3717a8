"""`make bench`: the API against SQL on the same schema and rows, in one run. Read the ratios, not the milliseconds."""
