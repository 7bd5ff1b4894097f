import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { BuiltFiles } from '../../built-files.ts'
import type { Admission } from '../../client/serve/same-user.ts'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { Closable } from '../../shutdown.ts'
import { admitOwnUser } from '../running/own-user.ts'
import type { BrowserView } from '../wire/calls.ts'
import type { WindowAnswer } from '../wire/proof.ts'
import { serveAdmitted, type HttpTimes } from './admitted-http.ts'
import { createBrowsers } from './browsers.ts'
import { codeLifeMs, createCodes } from './codes.ts'
import { listenAgain, listenAnywhere, windowHost } from './listen-window.ts'
import { createOpenAnswers } from './open-answers.ts'
import { createPageFiles } from './page-files.ts'
import { ownKey } from './signatures.ts'
import { createWindowListener } from './window-app.ts'
import { openWindowFile, type WindowFile, type WindowState } from './window-file.ts'

export interface WindowServerOptions {
  /** Where `window.json` is: the user's own state directory. */
  readonly directory: string
  /** The daemon's calls, without `/api`. Whoever asks by it has been let in. */
  readonly app: (request: Request) => Response | Promise<Response>
  /** The built page; undefined where it was not built. */
  readonly files: BuiltFiles | undefined
  readonly log: Logger
  readonly clock: Clock
  /** Makes a sentence of who holds a port of 127.0.0.1; undefined where nobody knows. */
  readonly whoHolds?: (port: number) => Promise<string | undefined>
  /** Who may connect at all. **Default:** this user, on systems that tell whose a connection is */
  readonly admission?: Admission
  readonly times?: HttpTimes
  /** Milliseconds by a clock that nobody sets. */
  readonly uptimeMs?: () => number
}

/** The window's web server on loopback, and the browsers that may use it. */
export interface WindowServer extends Closable {
  readonly origin: string
  readonly port: number
  /** An address that lets one browser in, once, and within a minute. */
  address(): WindowAnswer
  browsers(): readonly BrowserView[]
  /** Puts a browser out: what it has open ends at once. False where there is none of this id. */
  revoke(id: string): Promise<boolean>
}

/**
 * Starts it, where it was before.
 *
 * @throws SystemError `window-address-in-use` where another program is there by now, `window-file-unusable`, …
 */
export async function startWindowServer(options: WindowServerOptions): Promise<WindowServer> {
  const { log, clock, uptimeMs = () => performance.now() } = options
  const file = fileOf(options)
  const found = await file.read()
  const key = ownKey(found?.key)
  const admission = options.admission ?? (await admitOwn(log))
  const front = createServer({ noDelay: true })
  const port = await listen(front, file, found, options.whoHolds)

  // From here on without a wait: connections come.
  const origin = `http://${windowHost}:${port}`
  const run = randomBytes(24).toString('base64url')
  const answers = createOpenAnswers()
  const save = (known: WindowState['browsers']): Promise<void> =>
    file.write({ port, key: key.secret, browsers: known })
  const browsers = createBrowsers({
    known: found?.browsers ?? [],
    save: (known) => save([...known]),
    onRemoved: (id) => answers.end(id),
    onUnsaved: (error) => log.warn(`cannot keep when the window was used: ${messageOf(error)}`),
    clock,
  })
  const codes = createCodes(uptimeMs)
  const page = createPageFiles(options.files, run)
  const { app } = options
  const parts = { origin, run, uptimeMs, key, codes, browsers, answers, page, app, log, clock }
  const listener = createWindowListener(parts)
  const http = serveAdmitted(front, { admission, listener, log, clock, times: options.times })
  if (found === undefined) {
    await save([]).catch(async (error: unknown) => {
      await http.close(0)
      throw error
    })
  }
  return {
    origin,
    port,
    address() {
      // The query is there so that no browser has the page in its cache.
      const fresh = randomBytes(12).toString('base64url')
      const url = `${origin}/?${fresh}#code=${codes.make()}`
      return { url, origin, seconds: codeLifeMs / 1_000 }
    },
    browsers: () => browsers.list(),
    revoke: (id) => browsers.remove(id),
    close: (graceMs) => http.close(graceMs),
  }
}

/**
 * Forgets where the window was and who was let in, the daemon's key with them: the next start chooses another port.
 * What another program may have left in browsers at the old address is of no use at the new one.
 */
export async function forgetWindow({ directory }: { readonly directory: string }): Promise<void> {
  await rm(pathIn(directory), { force: true })
}

function pathIn(directory: string): string {
  return join(directory, 'window.json')
}

function fileOf({ directory, log }: WindowServerOptions): WindowFile {
  return openWindowFile(pathIn(directory), (aside, why) =>
    log.warn(`the file of the window is damaged (${why}), and was set aside as "${aside}"`, {
      hint: 'run "postern desktop": browsers are let in again',
    }),
  )
}

/** Where another program has the port, nobody who was let in is believed any more: it may have used their proof. */
async function listen(
  front: Server,
  file: WindowFile,
  found: WindowState | undefined,
  whoHolds: WindowServerOptions['whoHolds'],
): Promise<number> {
  if (found === undefined) return listenAnywhere(front)
  try {
    await listenAgain(front, found.port, whoHolds ?? (() => Promise.resolve(undefined)))
    return found.port
  } catch (error) {
    if (found.browsers.length > 0) await file.write({ ...found, browsers: [] })
    throw error
  }
}

/** The proof alone keeps others out where the system does not tell whose a connection is. */
function admitOwn(log: Logger): Promise<Admission | undefined> {
  return admitOwnUser({ kind: 'tcp', host: windowHost, port: 0 }, (error) =>
    log.warn(`other users of this machine can connect to the window: ${messageOf(error)}`, {
      hint: 'they cannot use it without the key of a browser of yours',
    }),
  )
}
