from partners.models.files import StoredFile
from partners.models.partner import AliasKind, Contact, Partner, PartnerAlias, PartnerKind
from partners.models.records import Cited, Named, Origin, Record, Reference
from partners.models.sector import Sector
from partners.models.source import Citation, Closeness, Source, SourceKind

__all__ = [
    "AliasKind",
    "Citation",
    "Cited",
    "Closeness",
    "Contact",
    "Named",
    "Origin",
    "Partner",
    "PartnerAlias",
    "PartnerKind",
    "Record",
    "Reference",
    "Sector",
    "Source",
    "SourceKind",
    "StoredFile",
]
