"""The training view: what was logged while a model trained, in the browser, also while it still trains.

In: a folder of event files, as `cutaway.training` reads them.
Out: a server of a page with charts, a table of runs, distributions over time and the model coloured by what was logged.
May import: everything but `cli`, `comparison`, `inspection`, `picture`, `tables`, `networks`.
"""
