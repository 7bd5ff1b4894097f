/**
 * Longest file name of a shortcut, in bytes of UTF-8, without its ending: file systems take 255 with it.
 *
 * @limit the name of a shortcut's file, in bytes: the rest of the connection's name is left out
 */
const maxNameBytes = 120

/** What Windows takes for a device, whatever follows after a point. */
const devices = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i

/**
 * The file name of a shortcut, without its ending, for a connection of any name: no separator, nothing hidden, nothing
 * that a file manager would turn or hide, and nothing that Windows cannot have. `otherwise` where nothing is left.
 *
 * @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
export function shortcutName(name: string, otherwise: string): string {
  const clean = name
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll(/[/\\:*?"<>|]/g, '-')
    .replaceAll(/\p{Zs}+/gu, ' ')
  const short = trimEnds(cut(trimEnds(clean)))
  if (short === '') return otherwise
  return devices.test(short) ? `_${short}` : short
}

/** A point at the beginning hides a file; Windows drops points and blanks at the end. */
function trimEnds(text: string): string {
  return text.replace(/^[. ]+/, '').replace(/[. ]+$/, '')
}

function cut(text: string): string {
  let bytes = 0
  let kept = ''
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxNameBytes) return kept
    kept += character
  }
  return kept
}
