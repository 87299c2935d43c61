/** The two weights of the font, which the script brings with it: no request, and the same letters everywhere. */
import regular from "../../../src/cutaway/style/fonts/inter-400.woff2";
import semibold from "../../../src/cutaway/style/fonts/inter-600.woff2";

const NAME = "Cutaway Inter";
const WEIGHTS = ["400", "600"];

/** The bytes, for a worker. */
export function fontBytes(): ArrayBuffer[] {
  return [regular, semibold].map((bytes) => bytes.slice().buffer as ArrayBuffer);
}

/** Make the font known to the page; where that fails, another font is used. */
export async function loadFonts(faces: FontFaceSet, bytes: readonly ArrayBuffer[]): Promise<void> {
  const made = bytes.map((data, at) => new FontFace(NAME, data, { weight: WEIGHTS[at] ?? "400" }));
  await Promise.allSettled(
    made.map(async (face) => {
      faces.add(await face.load());
    }),
  );
}
