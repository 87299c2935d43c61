"""Layout: sizes of boxes and the edges between them become places, group by group.

In: a grouped `Graph` and the natural size of every box. Out: for each group its inside in its own coordinates, equal
insides shared, nested by place and scale.
May import: `cutaway.style` and everything below it.
"""
