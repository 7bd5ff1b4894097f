import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Folder } from './folder.ts'
import { commandLine, quote } from '../shell.ts'

/**
 * Names of this machine. Everything of the quickstart is on it, and a company's proxy would look for it on
 * its own.
 */
const directHosts = quote('localhost,127.0.0.1')
/** Sets what keeps the printed commands from a proxy; the lower-case variable counts first. */
const direct = `NO_PROXY=${directHosts} no_proxy=${directHosts}`

/** How the printed commands begin. */
export interface Program {
  /** The words that run `postern`, from any directory. */
  readonly words: readonly string[]
  /** Keeps sign-ins; undefined where they go to the user's cache directory. */
  readonly signInFolder: string | undefined
  /** Goes in front of PATH, for commands that say `postern`; undefined where there is no such file. */
  readonly searchFolder: string | undefined
}

/**
 * Writes `postern` into the folder: this very program, whose sign-ins are
 * kept in the folder and go with it, which asks no proxy for this machine and trusts `caFile`, as the
 * machines of a company trust its authority: commands that the portal or the documentation give work
 * as they are. Where such a file cannot be run (Windows, or a folder for temporary files that is mounted
 * without the right to), the program is run by its full name.
 */
export async function writeProgram(
  folder: Folder,
  words: readonly string[],
  { gatewayUrl, caFile }: { readonly gatewayUrl: string; readonly caFile: string },
): Promise<Program> {
  if (process.platform === 'win32') return { words, ...nothing }
  const signInFolder = folder.join('cache')
  const settings = [
    `NODE_EXTRA_CA_CERTS=${quote(caFile)}`,
    `POSTERN_GATEWAY=${quote(gatewayUrl)}`,
    `POSTERN_CA_FILE=${quote(caFile)}`,
    `XDG_CACHE_HOME=${quote(signInFolder)}`,
    `XDG_CONFIG_HOME=${quote(folder.join('config'))}`,
  ].join(' ')
  const path = await folder.writeProgram(
    'postern',
    `#!/bin/sh\n${homeOfPublishers(folder)}${direct} ${settings} exec ${commandLine(...words)} "$@"\n`,
  )
  const runs = await promisify(execFile)(path, ['--version']).catch(() => undefined)
  return runs === undefined
    ? { words, ...nothing }
    : {
        words: [path],
        signInFolder: join(signInFolder, 'postern', 'tokens'),
        searchFolder: dirname(path),
      }
}

/**
 * Keeps what "postern tunnel" writes in the folder, and what is at the user's own home out of it. The browser
 * that a sign-in opens has its profile there, so that one command has the home as it is.
 */
function homeOfPublishers(folder: Folder): string {
  const home = folder.join('home')
  const credential = quote(join(home, '.postern', 'cert.pem'))
  return [
    'case "$1 $2" in',
    `  'tunnel login') export TUNNEL_ORIGIN_CERT=${credential} ;;`,
    `  'tunnel '*) export HOME=${quote(home)} ;;`,
    'esac',
    '',
  ].join('\n')
}

const nothing = { signInFolder: undefined, searchFolder: undefined } as const

/**
 * Writes `sign-in-as-NAME` into the folder, for `--browser-cmd`: a browser without a screen that
 * signs one person in. Answers its path.
 */
export function writeBrowser(
  folder: Folder,
  program: readonly string[],
  { id, email }: { readonly id: string; readonly email: string },
  caFile: string,
): Promise<string> {
  const words = [...program, 'demo', 'sign-in', '--person', email, '--ca-file', caFile]
  return folder.writeProgram(`sign-in-as-${id}`, `#!/bin/sh\nexec ${commandLine(...words)} "$@"\n`)
}
