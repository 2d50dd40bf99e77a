"""PDFs beside a bare typst compile of pages of the same kind."""

from collections.abc import Callable, Iterator
from itertools import count

from certsvc.bench.measure import Figure, in_turn, per_second
from certsvc.bench.world import World
from certsvc.render.page import STANDARDS, compiler, page_inputs
from certsvc.services.pdf import face_of, pdf_of
from certsvc.store.rows import Certificate


def measure(world: World) -> Iterator[Figure]:
    """Pages per second: drawn and signed for the first time, then drawn again with the stored signature put back."""
    certificates, pages = world.with_photos, world.sizes.pages
    pdf_of(world.instance, certificates[-1])
    # A page that was compiled a moment ago is remembered by typst, so every bare page is one nobody drew before.
    fresh = count(pages)
    compile_one = _bare_compile(world)
    compile_one(certificates[-2])

    def ours(name: str) -> Callable[[int], int]:
        def draw(number: int) -> int:
            pdf_of(world.instance, certificates[number])
            world.progress(name, number + 1, pages)
            return 1

        return draw

    def bare(_number: int) -> int:
        compile_one(certificates[next(fresh)])
        return 1

    yield per_second("pdf", "typst compile", in_turn(pages, ours("pdf"), bare))
    yield per_second("pdf_again", "typst compile", in_turn(pages, ours("pdf_again"), bare))


def _bare_compile(world: World) -> Callable[[Certificate], object]:
    """Compiles the page of a certificate; what the template is given was gathered before."""
    fonts = world.instance.fonts
    with world.instance.engines.read.connect() as connection:
        given = {
            one.id: page_inputs(face_of(world.instance, connection, one), one.frozen_bundle or b"", fonts)
            for one in world.with_photos
        }

    def compile_one(certificate: Certificate) -> object:
        options = {"format": "pdf", "timestamp": certificate.issued_at, "pdf_standards": STANDARDS}
        return compiler(fonts).compile(sys_inputs=given[certificate.id], **options)

    return compile_one
