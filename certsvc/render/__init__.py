"""Certificate pictures: the page, its seal and QR, the PDF signature, and reading such files back."""
