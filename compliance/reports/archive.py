"""What makes the PDF one for decades and for everyone: PDF/A-3a, PDF/UA-1, the data inside it.

WeasyPrint writes PDF/A or PDF/UA; a report claims both. What it leaves open is done on its tree of
objects before it is written, so that no second program has to read the file again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pydyf
from weasyprint import Attachment

VARIANT = "pdf/a-3a"
_RDF_ENDS = b"</rdf:RDF>"
# PDF/A wants every foreign property declared before it is used.
_ALSO_UA = """
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:language><rdf:Bag>{langs}</rdf:Bag></dc:language></rdf:Description>
<rdf:Description rdf:about="" xmlns:extension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:schema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:property="http://www.aiim.org/pdfa/ns/property#">
<extension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<schema:schema>Universal accessibility</schema:schema>
<schema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</schema:namespaceURI>
<schema:prefix>pdfuaid</schema:prefix>
<schema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<property:name>part</property:name><property:valueType>Integer</property:valueType>
<property:category>internal</property:category>
<property:description>The part of ISO 14289 the file keeps to</property:description>
</rdf:li></rdf:Seq></schema:property>
</rdf:li></rdf:Bag></extension:schemas></rdf:Description>
"""


def attachments(files: Mapping[str, tuple[str, bytes]], issued_at: datetime) -> list[Attachment]:
    """The files inside the PDF, by name: what each is, and its bytes."""
    return [
        Attachment(
            string=content,
            name=name,
            description=description,
            relationship="Data",
            created=issued_at,
            modified=issued_at,
        )
        for name, (description, content) in files.items()
    ]


def complete(pdf: Any, langs: Iterable[str]) -> None:
    """Describe every link, list each attachment once, and claim accessibility beside PDF/A."""
    for found in pdf.objects:
        if isinstance(found, pydyf.Dictionary) and found.get("Subtype") == "/Link":
            found.setdefault("Contents", pydyf.String("Link"))
        if isinstance(found, pydyf.Stream) and found.extra.get("Type") == "/Metadata":
            before, after = found.stream[0].rsplit(_RDF_ENDS, 1)
            listed = "".join(f"<rdf:li>{lang}</rdf:li>" for lang in langs)
            also = _ALSO_UA.format(langs=listed).encode()
            found.stream[0] = before + also + _RDF_ENDS + after
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
