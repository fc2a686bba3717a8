"""Makes a synthetic register of any size, by SQL that runs through the same triggers and CHECKs as all other writing.

Every reference begins with SYN-, every name says "synthetic", every record cites SYN-SOURCE. The dice are hashes of
the seed, the name of a choice and the row's number, so that a seed gives the same register on every server. What is
reported, closed or moved happened up to `LAST_DAY`.

`run` has the order of things and `plan` how many of each. `partners`, `agreements`, `roadmaps`, `delivery` and
`citations` give the rows of their subjects, `moves` is what happens to deadlines, and `rows` writes.
"""

from projects.generating.deadlines import LAST_DAY
from projects.generating.run import Refused, analyze, generate

__all__ = ["LAST_DAY", "Refused", "analyze", "generate"]
