import { hostname } from 'node:os'
import { openBrowser } from '../../client/sign-in/browser.ts'
import type { WindowAnswer } from '../../desktop/wire/proof.ts'
import { SystemError } from '../../errors.ts'
import { environment, type Environment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { processVoice } from '../speech/voice.ts'
import { findAppBrowser } from './app-browser.ts'
import { handOver } from './hand-over.ts'
import { desktopPlaces } from './places.ts'
import { runningDaemon } from './start-daemon.ts'

/** The options of `postern desktop` as they were given. */
export interface WindowOptions {
  readonly app?: true
  readonly printUrl?: true
  readonly browserCmd?: string
  readonly newAddress?: true
  readonly json?: true
}

/** How long a browser may take to fail, in milliseconds: what fails later, a person sees. */
const failureMs = 1_500

/** Runs `postern desktop`; resolves to the exit code. */
export async function runWindow(options: WindowOptions): Promise<number> {
  const client = await runningDaemon(options.browserCmd)
  const input = { new_address: options.newAddress === true }
  const answer = await client.ask('POST /window', input)
  const isOpened = options.printUrl !== true && (await open(answer, options))
  if (options.json === true) {
    const { origin, url, seconds } = answer
    printJson({ origin, opened: isOpened, ...(!isOpened && { url, seconds }) })
  } else if (isOpened) printLine(answer.origin)
  else {
    note(`open this address within ${answer.seconds} seconds, in a browser on this machine:`)
    printLine(answer.url)
    const { port } = new URL(answer.origin)
    note(
      `  hint: from another machine, begin with "ssh -L ${port}:127.0.0.1:${port} ${hostname()}" there`,
    )
  }
  return exitCodes.ok
}

/** Whether a browser is on its way. */
async function open({ url }: WindowAnswer, options: WindowOptions): Promise<boolean> {
  const program = options.browserCmd ?? (options.app === true ? appBrowser() : undefined)
  if (program === undefined && !hasScreen(environment, process.platform)) return false
  const address = await handOver(url, desktopPlaces().directory)
  const voice = processVoice({
    format: 'human',
    level: 'warn',
    component: { human: 'desktop', json: 'desktop' },
  })
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), failureMs)
    openBrowser(options.app === true ? `--app=${address}` : address, program, voice, {
      hint: 'open the address yourself, or name a browser: "--browser-cmd PROGRAM"',
      onFailed() {
        clearTimeout(timer)
        resolve(false)
      },
    })
  })
}

function appBrowser(): string {
  const found = findAppBrowser()
  if (found !== undefined) return found
  throw new SystemError('no-app-browser', 'no browser was found that opens a window of its own', {
    hint: 'leave out "--app", or name Chrome, Edge or Chromium: "--browser-cmd PROGRAM"',
  })
}

/** Without one, what Linux opens addresses with may start a browser in the terminal. WSL leads to the one of Windows. */
export function hasScreen(env: Environment, platform: NodeJS.Platform): boolean {
  if (platform !== 'linux') return true
  return Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'] || env['WSL_DISTRO_NAME'])
}
