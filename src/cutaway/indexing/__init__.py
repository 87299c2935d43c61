"""Indices: what is in many logs, or in a large checkpoint, as a Parquet dataset, made in parallel.

In: a log folder, or a checkpoint. Out: tables that DuckDB, pandas and polars read. The same work is done in this
process, in several, or on a Dask cluster, with the same result; what was done is not done again.
May import: `cutaway.training` and everything below it. pyarrow, distributed and fsspec are imported where they are
needed.
"""
