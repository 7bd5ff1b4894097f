import { streamShared, type BuiltFile, type BuiltFiles } from '../../built-files.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { createPageApp, type PageApp } from '../answers/page-app.ts'

/** The script of the pages about passkeys, and where it is served. */
export interface PasskeyScript {
  /** Undefined where it was not built. */
  readonly path: string | undefined
  readonly app: PageApp
}

/** Serves the one script of the build; nothing else of it is asked for. */
export function createPasskeyScript(files: BuiltFiles | undefined): PasskeyScript {
  const app = createPageApp()
  const [name, file] = scriptIn(files) ?? []
  if (name === undefined || file === undefined) return { path: undefined, app }
  const path = `${gatewayPaths.passkeyFiles}${name}`
  app.get(path, (c) =>
    c.body(streamShared(file.bytes), 200, {
      'content-type': file.type,
      'content-length': String(file.bytes.byteLength),
      'x-content-type-options': 'nosniff',
      // Its name changes with its content.
      'cache-control': 'public, max-age=31536000, immutable',
    }),
  )
  return { path, app }
}

function scriptIn(files: BuiltFiles | undefined): readonly [string, BuiltFile] | undefined {
  return [...(files ?? [])].find(([name]) => name.endsWith('.js'))
}
