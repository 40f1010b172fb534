/** Settings of sampling and of the page; kept in the browser. */

export interface Settings {
  temperature: string;
  top_p: string;
  seed: string;
  max_tokens: string;
  theme: string;
}

const NAME = 'onellmd-settings';
const SAMPLING = ['temperature', 'top_p', 'seed', 'max_tokens'] as const;

export const settings: Settings = { temperature: '', top_p: '', seed: '', max_tokens: '', theme: 'auto' };

function applyTheme(): void {
  if (settings.theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = settings.theme;
  document.dispatchEvent(new Event('themechange'));
}

/** What was set, as fields of a request; what was not is left to the server. */
export function sampling(): [string, string][] {
  return SAMPLING.filter((name) => settings[name] !== '').map((name) => [name, settings[name]]);
}

export function initSettings(dialog: HTMLDialogElement, opener: HTMLElement): void {
  try {
    Object.assign(settings, JSON.parse(localStorage.getItem(NAME) ?? '{}'));
  } catch {
    /* as if nothing had been kept */
  }
  const form = dialog.querySelector('form')!;
  const inputs = [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[name]')];
  const fill = () => inputs.forEach((input) => (input.value = settings[input.name as keyof Settings] ?? ''));
  fill();
  applyTheme();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme);
  form.addEventListener('input', (event) => {
    const input = event.target as HTMLInputElement;
    if (!input.checkValidity()) return;
    settings[input.name as keyof Settings] = input.value;
    localStorage.setItem(NAME, JSON.stringify(settings));
    if (input.name === 'theme') applyTheme();
  });
  form.addEventListener('reset', (event) => {
    event.preventDefault();
    for (const name of SAMPLING) settings[name] = '';
    localStorage.setItem(NAME, JSON.stringify(settings));
    fill();
  });
  opener.addEventListener('click', () => dialog.showModal());
}
