import type { LinuxParts } from '../../scripts/package/linux/linux-files.ts'

/** In place of texts that packages are made of, where nothing reads them. */
export const linuxTexts: Omit<LinuxParts, 'executable'> = {
  notices: 'notices\n',
  manual: '.TH POSTERN 1\n',
  completions: { bash: '# bash\n', zsh: '#compdef postern\n', fish: '# fish\n' },
}
