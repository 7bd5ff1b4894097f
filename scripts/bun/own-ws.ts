// Preloaded by `bun test`. Bun puts a WebSocket library of its own where sources import "ws", whatever is installed;
// executables have the one of node_modules, since they are made of what esbuild has bundled. So do tests.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface BuildHooks {
  onLoad(
    which: { readonly filter: RegExp },
    load: (file: { readonly path: string }) => { readonly loader: 'ts'; readonly contents: string },
  ): void
}
declare const Bun: { plugin(plugin: { name: string; setup(build: BuildHooks): void }): void }

const library = fileURLToPath(new URL('../../node_modules/ws/wrapper.mjs', import.meta.url))
const byName = "import('ws')"

Bun.plugin({
  name: 'own-ws',
  setup(build) {
    build.onLoad({ filter: /[/\\]src[/\\]tunnel[/\\]ws\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      if (!text.includes(byName)) throw new Error(`"${path}" no longer has "${byName}"`)
      return { loader: 'ts', contents: text.replace(byName, `import(${JSON.stringify(library)})`) }
    })
  },
})
