// Loaded before the program with --import: writes the address of every module that it loads, and that
// is not Node's own, into the file POSTERN_TEST_MODULES.
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded = new Set<string>()
registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith('file:')) loaded.add(url)
    return nextLoad(url, context)
  },
})
process.on('exit', () => {
  const path = process.env['POSTERN_TEST_MODULES']
  if (path !== undefined) writeFileSync(path, [...loaded].join('\n'))
})
