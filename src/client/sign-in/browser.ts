import { spawn, type ChildProcess } from 'node:child_process'
import { messageOf, systemCode } from '../../errors.ts'
import type { Logger } from '../../log.ts'

/** Where the browser leads back to a port of this machine. */
const onThisMachine =
  'open the address above yourself, in a browser on this machine; without one, sign in with "postern login --device"'

export interface OpenBrowserOptions {
  /** What to do instead. **Default:** open it by hand, or sign in by a code */
  readonly hint?: string | undefined
  /** Called when it turns out that nothing was opened. */
  readonly onFailed?: (() => void) | undefined
  /** What opens addresses where no command is given. **Default:** the platform's opener */
  readonly opener?: Opener | undefined
}

/** What opens an address: a program and the arguments before the address. */
export type Opener = readonly [command: string, ...args: string[]]

/**
 * Opens an address in a browser: `command ADDRESS` when a command is given, else the platform's opener.
 * That it fails is a warning with the next step, since the address is printed as well.
 */
export function openBrowser(
  url: string,
  command: string | undefined,
  log: Logger,
  { hint = onThisMachine, onFailed, opener = platformOpener() }: OpenBrowserOptions = {},
): void {
  const [program, ...args] = command === undefined ? opener : [command]
  const warn = (why: string): void => {
    log.warn(`cannot open a browser with "${program}": ${why}`, { hint })
    onFailed?.()
  }
  let child: ChildProcess
  try {
    // Without a shell: the address is an argument, whatever stands in it. Its output must not mix with
    // a tunnel's bytes on stdout.
    child = spawn(program, [...args, url], {
      stdio: ['ignore', 'ignore', 'ignore'],
      detached: true,
    })
  } catch (error) {
    // Node throws for what can never start, such as an empty name.
    warn(messageOf(error))
    return
  }
  child.on('error', (error) => {
    warn(systemCode(error) === 'ENOENT' ? 'there is no such program' : messageOf(error))
  })
  child.on('exit', (code, signal) => {
    if (code !== 0) warn(code === null ? `ended by ${signal}` : `it failed with exit code ${code}`)
  })
  child.unref()
}

function platformOpener(platform: NodeJS.Platform = process.platform): Opener {
  if (platform === 'darwin') return ['open']
  // `cmd /c start` would read "&" and "%" of the address as its own.
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open']
}
