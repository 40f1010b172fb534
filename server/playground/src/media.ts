/** From files to media: what kind a file may be of, which files belong together, and the way to the server. */
import { ApiError, upload } from './api';
import { MODALITIES, type Inspected, type Medium, type Modality, type Part, type Timings } from './types';

const ENDINGS: [RegExp, Modality[]][] = [
  [/\.(jpe?g|png|webp|bmp|avif)$/i, ['image']],
  [/\.gif$/i, ['image', 'video']],
  [/\.tiff?$/i, ['image', 'depth', 'normal']],
  [/\.(mp4|mov|mkv|avi|m4v)$/i, ['video', 'audio']],
  [/\.webm$/i, ['video', 'audio']],
  [/\.(wav|flac|mp3|ogg|oga|opus|m4a|aac)$/i, ['audio']],
  [/\.(ply|pcd|xyz)$/i, ['point']],
  [/\.(nii|nii\.gz)$/i, ['fmri']],
  [/\.(csv|tsv|txt)$/i, ['imu', 'fmri', 'point']],
  [/\.npy$/i, ['imu', 'fmri', 'point', 'depth', 'normal']],
];

/** The kinds that a file may be of, the likeliest first: by its name, which often says more than its ending. */
export function candidates(file: File): Modality[] {
  const byEnding = ENDINGS.find(([ending]) => ending.test(file.name))?.[1];
  const byType = MODALITIES.filter((modality) => file.type.startsWith(`${modality}/`));
  const kinds = byEnding ?? (byType.length ? byType : ['image' as const]);
  const hint = (['depth', 'normal', 'fmri', 'imu', 'point'] as const).find((name) =>
    file.name.toLowerCase().includes(name),
  );
  const fits = hint && (kinds.includes(hint) || (kinds[0] === 'image' && /\.png$/i.test(file.name)));
  return fits ? [hint, ...kinds.filter((kind) => kind !== hint)] : kinds;
}

const isMap = (modality?: Modality) => modality === 'depth' || modality === 'normal';
const stem = (name: string) =>
  name
    .toLowerCase()
    .replace(/\.[^.]*$/, '')
    .replace(/[-_ .]?(depth|normals?|rgb|image)$/, '');

/** Files dropped together: a map takes the picture of the same name, or the only one there is. */
export function group(files: File[]): { parts: Part[]; kinds: Modality[] }[] {
  const all = files.map((file) => ({ file, kinds: candidates(file) }));
  const pictures = all.filter((item) => item.kinds[0] === 'image');
  const pictureOf = new Map<unknown, File>();
  for (const map of all.filter((item) => isMap(item.kinds[0]))) {
    const named = pictures.findIndex((picture) => stem(picture.file.name) === stem(map.file.name));
    const at = named >= 0 ? named : pictures.length === 1 ? 0 : -1;
    if (at >= 0) pictureOf.set(map, pictures.splice(at, 1)[0]!.file);
  }
  const used = new Set(pictureOf.values());
  return all
    .filter((item) => !used.has(item.file))
    .map((item) => {
      const image = pictureOf.get(item);
      const own = { name: item.kinds[0]!, file: item.file };
      return { parts: image ? [{ name: 'image', file: image }, own] : [own], kinds: item.kinds };
    });
}

export function newMedium(parts: Part[], modality: Modality, sample?: string): Medium {
  const own = parts.find((part) => part.name === modality) ?? parts[0]!;
  return {
    key: crypto.randomUUID?.() ?? String(Math.random()),
    modality,
    label: own.file.name,
    parts,
    options: {},
    ...(sample ? { sample } : {}),
  };
}

/** The same files as another kind. */
export function asModality(medium: Medium, modality: Modality): void {
  const own = medium.parts.find((part) => part.name === medium.modality) ?? medium.parts[0]!;
  const image = medium.parts.find((part) => part !== own && part.name === 'image');
  medium.modality = modality;
  medium.parts = [...(isMap(modality) && image ? [image] : []), { name: modality, file: own.file }];
  medium.options = {};
  delete medium.id;
}

function form(medium: Medium): FormData {
  const ret = new FormData();
  for (const part of medium.parts) ret.append(part.name, part.file, part.file.name);
  for (const [name, value] of Object.entries(medium.options)) if (value !== '') ret.append(name, value);
  return ret;
}

export type Progress = (words: string, part: number) => void;

/** What the model would get. */
export async function inspect(medium: Medium, progress: Progress, signal: AbortSignal): Promise<Inspected> {
  const body = form(medium);
  body.append('tensor', ['point', 'imu', 'fmri'].includes(medium.modality) ? 'f32' : 'u8');
  const reply = await upload<{ media: Inspected[] }>(
    'v1/media/inspect',
    body,
    (part) => progress('Uploading', part / 2),
    signal,
  );
  const found = reply.media[0];
  if (!found) throw new ApiError(0, '', 'the server found nothing in this file');
  return found;
}

/** Has it encoded and kept at the server: questions about it then need no upload. */
export async function encode(medium: Medium, progress: Progress, signal: AbortSignal): Promise<void> {
  const sending = (part: number) => progress(part < 1 ? 'Uploading' : 'Encoding', 0.5 + part / 2);
  const reply = await upload<{ id: string; timings: Timings }>('v1/media', form(medium), sending, signal);
  medium.id = reply.id;
  medium.timings = reply.timings;
}
