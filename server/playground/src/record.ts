/** Microphone and camera, where the browser has them and the page may use them. */
import { $ } from './dom';

const SOUNDS = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4'];
const FILMS = ['video/webm;codecs=vp8', 'video/webm', 'video/mp4'];

const stamp = () => new Date().toTimeString().slice(0, 8).replaceAll(':', '-');
const ending = (type: string) => type.split(/[/;]/)[1] ?? 'webm';

/** Records until stopped; the file comes when it has been. */
function recorder(stream: MediaStream, kinds: string[], name: string, give: (file: File) => void): MediaRecorder {
  const mimeType = kinds.find((kind) => MediaRecorder.isTypeSupported(kind)) ?? '';
  const ret = new MediaRecorder(stream, mimeType ? { mimeType } : {});
  const pieces: Blob[] = [];
  ret.ondataavailable = (event) => pieces.push(event.data);
  ret.onstop = () =>
    give(new File(pieces, `${name}-${stamp()}.${ending(ret.mimeType)}`, { type: ret.mimeType.split(';')[0]! }));
  return ret;
}

async function photo(video: HTMLVideoElement): Promise<File> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext('2d')!.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  return new File([blob!], `picture-${stamp()}.png`, { type: 'image/png' });
}

export function initRecord(give: (file: File) => void): void {
  if (!navigator.mediaDevices || !('MediaRecorder' in window)) return;
  const dialog = $<HTMLDialogElement>('record-dialog');
  const preview = $<HTMLVideoElement>('preview');
  const words = $('record-words');
  let stream: MediaStream | undefined;
  let active: MediaRecorder | undefined;
  let clock = 0;

  async function open(what: 'audio' | 'video'): Promise<void> {
    $('record-title').textContent = what === 'audio' ? 'Record sound' : 'Camera';
    preview.hidden = what === 'audio';
    $('photo').hidden = what === 'audio';
    $('record').textContent = what === 'audio' ? 'Record' : 'Record a film';
    $('record').dataset.what = what;
    words.textContent = 'Your browser asks whether this page may.';
    dialog.showModal();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ [what]: true });
      words.textContent = '';
      preview.srcObject = what === 'video' ? stream : null;
      if (what === 'video') await preview.play();
    } catch (error) {
      words.textContent =
        (error as Error).name === 'NotFoundError' ? 'There is none on this device.' : 'The browser does not allow it.';
    }
  }

  function finish(file: File): void {
    dialog.close();
    give(file);
  }

  $('record').addEventListener('click', () => {
    if (!stream) return;
    if (active) {
      active.stop();
      return;
    }
    const isSound = $('record').dataset.what === 'audio';
    active = recorder(stream, isSound ? SOUNDS : FILMS, isSound ? 'sound' : 'film', finish);
    active.start();
    const begin = Date.now();
    $('record').textContent = 'Stop';
    clock = window.setInterval(
      () => (words.textContent = `Recording, ${((Date.now() - begin) / 1000).toFixed(0)} s`),
      250,
    );
  });
  $('photo').addEventListener('click', async () => preview.videoWidth && finish(await photo(preview)));
  dialog.addEventListener('close', () => {
    clearInterval(clock);
    if (active) active.onstop = active.state === 'inactive' ? active.onstop : null;
    if (active?.state === 'recording') active.stop();
    stream?.getTracks().forEach((track) => track.stop());
    preview.srcObject = null;
    stream = active = undefined;
  });
  for (const [id, what] of [
    ['mic', 'audio'],
    ['camera', 'video'],
  ] as const) {
    $(id).hidden = false;
    $(id).addEventListener('click', () => void open(what));
  }
}
