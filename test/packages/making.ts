import type { LinuxParts } from '../../scripts/package/linux/linux-files.ts'

/** In place of texts that packages are made of, where nothing reads them. */
export const linuxTexts: Omit<LinuxParts, 'executable'> = {
  notices: 'notices\n',
  manual: '.TH POSTERN 1\n',
  completions: { bash: '# bash\n', zsh: '#compdef postern\n', fish: '# fish\n' },
}

/** Makes something twice: the second time as somebody whose files nobody else may read. */
export function makeTwice<Made>(make: (name: string) => Made): readonly [once: Made, again: Made] {
  const once = make('once')
  const umask = process.umask(0o077)
  try {
    return [once, make('again')]
  } finally {
    process.umask(umask)
  }
}
