"""PDF files made for tests."""

from __future__ import annotations

__all__ = ["pdf"]


def pdf(*texts: str, encrypted: bool = False) -> bytes:
    """Return a PDF file with a page for each text; encrypted with a password that nobody knows."""
    kids = " ".join(f"{4 + 2 * k} 0 R" for k in range(len(texts)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(texts)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for k, text in enumerate(texts):
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        fonts = "/Resources << /Font << /F1 3 0 R >> >>"
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * k} 0 R {fonts} >>"
        objects += [page, f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    lock = (
        f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> "
        if encrypted
        else ""
    )
    tail = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    tail += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {lock}/ID [<{'43' * 16}> <{'43' * 16}>] >>\n"
    return data + f"{tail}startxref\n{len(data)}\n%%EOF\n".encode()
