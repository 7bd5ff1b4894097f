// Words of a command that OpenSSH hands to the person's shell, whichever that is: sh, fish, csh, or cmd.exe with its own
// quotes. None of them may find anything of its own there, so that nothing is quoted: what is not plain is a path, and
// written as a file URL (RFC 8089), which the commands take wherever they take a path.

import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SystemError } from '../../errors.ts'

const plain = /^[\w@%+=:,./-]+$/

/**
 * A word of a `ProxyCommand` or `Match … exec`: plain for every shell, its percent signs doubled for OpenSSH. Throws
 * `SystemError` `invalid-path` for one that is neither plain nor an absolute path.
 */
export function sshCommandWord(word: string): string {
  if (plain.test(word)) return doublePercent(word)
  if (isAbsolute(word)) return doublePercent(fileUrlOf(word))
  throw new SystemError('invalid-path', `${JSON.stringify(word)} cannot stand in ssh_config`, {
    hint: 'name a file by its whole path, or choose a name of letters, digits, ".", "_" and "-"',
  })
}

/**
 * The path of a program in such a command. It cannot be a file URL: it is quoted in the way of the shells of the system,
 * where it has to be. Throws `SystemError` `invalid-path`.
 */
export function sshProgramWord(path: string, platform: NodeJS.Platform = process.platform): string {
  const isWindows = platform === 'win32'
  // Windows separates by backslashes, and `cmd.exe` looks at "%" and "!" within its quotes, too.
  if ((isWindows ? /^[\w@+=:,.\\/-]+$/ : plain).test(path)) return doublePercent(path)
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(path) || (isWindows && /["%!^&|<>]/.test(path))) {
    throw new SystemError('invalid-path', `${JSON.stringify(path)} cannot stand in ssh_config`, {
      hint: 'install postern into a folder without such characters in its path',
    })
  }
  if (isWindows) return `"${path}"`
  // As sh, zsh, csh and fish all read it back.
  return doublePercent(`'${path.replaceAll("'", `'\\''`)}'`)
}

/**
 * A path as a value of ssh_config(5), which knows quotes, `%` and `${…}`; the last has no escape. Throws `SystemError`
 * `invalid-path`.
 */
export function sshConfigPath(path: string, platform: NodeJS.Platform = process.platform): string {
  if (/\$\{|[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(path)) {
    throw new SystemError('invalid-path', `${JSON.stringify(path)} cannot stand in ssh_config`, {
      hint: 'set HOME to a directory without "${" and control characters in its path',
    })
  }
  // OpenSSH for Windows takes both separators, and a backslash begins an escape.
  const text = platform === 'win32' ? path.replaceAll('\\', '/') : path
  return `"${doublePercent(text).replaceAll(/["\\]/g, (found) => `\\${found}`)}"`
}

/** Of ASCII alone, without what a shell may look at: URLs leave `'`, `$`, `&`, `;` and others as they are. */
function fileUrlOf(path: string): string {
  return pathToFileURL(path).href.replaceAll(
    /[^\w:/.%-]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function doublePercent(text: string): string {
  return text.replaceAll('%', '%%')
}
