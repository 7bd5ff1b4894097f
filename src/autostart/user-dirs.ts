/**
 * The desktop's folder of what `user-dirs.dirs` says; undefined where it says none. A value is in quotes, and either
 * absolute or below `$HOME`, in which shell's four characters are escaped.
 *
 * @see https://www.freedesktop.org/wiki/Software/xdg-user-dirs/
 */
export function desktopFolderOf(text: string, home: string): string | undefined {
  const lines = [...text.matchAll(/^[ \t]*XDG_DESKTOP_DIR=(?:"((?:[^"\\]|\\.)*)")[ \t]*$/gm)]
  const value = lines.at(-1)?.[1]?.replaceAll(/\\(.)/g, '$1')
  if (value === undefined) return undefined
  const path = value.startsWith('$HOME/') ? `${home}/${value.slice('$HOME/'.length)}` : value
  const short = path.replace(/\/+$/, '')
  return short.startsWith('/') ? short : undefined
}
