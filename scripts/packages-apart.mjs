// Packages that few starts need, built apart from the program, which imports them where it needs them. An executable has
// them as they are: compiled ahead, as the rest of it is, they would be there twice over.

/** Below `dist`, beside `chunks`. */
export const apartDirectory = 'packages'

/**
 * As our sources name them, with what the file of each has in it. A bundle has all of a CommonJS package in `default`, so
 * that one gets the names which Node.js gives.
 */
const packages = {
  '@peculiar/asn1-ocsp': namesOfModule,
  '@peculiar/asn1-schema': namesOfModule,
  '@peculiar/x509': namesOfNode,
  '@simplewebauthn/server': everything,
  '@simplewebauthn/server/helpers': everything,
  'acme-client': namesOfNode,
  'oidc-provider': (name) => `export { default } from '${name}'`,
  'reflect-metadata': (name) => `import '${name}'`,
  ssh2: namesOfNode,
  tldts: everything,
}

/** What must have run before. */
const before = { '@peculiar/x509': 'reflect-metadata', 'acme-client': 'reflect-metadata' }

const prefix = 'apart:'
const fileOf = (name) => name.replace('@', '').replaceAll('/', '-')

/** What to build: a file for each of them, which share chunks. */
export const apartEntries = Object.fromEntries(
  Object.keys(packages).map((name) => [fileOf(name), prefix + name]),
)

/** Makes those entries. */
export const entriesApart = {
  name: 'entries-apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^apart:/ }, ({ path }) => ({
      path: path.slice(prefix.length),
      namespace: 'apart',
    }))
    onLoad({ filter: /./, namespace: 'apart' }, async ({ path }) => {
      const imports = path in before ? `import '${before[path]}'\n` : ''
      return { contents: imports + (await packages[path](path)), resolveDir: import.meta.dirname }
    })
  },
}

/**
 * Has our sources import them from there. Other packages must not need one: it would be there twice. Each is imported when
 * its importer runs and not before: two importers that are loaded at once and share one crash Bun 1.4.5 in an executable.
 */
export const importsApart = {
  name: 'imports-apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      if (!Object.hasOwn(packages, path)) return undefined
      if (/[\\/]node_modules[\\/]/.test(importer))
        return { errors: [{ text: `"${importer}" needs "${path}", which is built apart` }] }
      return kind === 'dynamic-import'
        ? { path: `../${apartDirectory}/${fileOf(path)}.js`, external: true }
        : { path, namespace: 'apart' }
    })
    onLoad({ filter: /./, namespace: 'apart' }, async ({ path }) => ({
      contents: [
        `const whole = await import('${path}')`,
        await exportsOf(path),
        'export default whole.default',
      ].join('\n'),
      resolveDir: import.meta.dirname,
    }))
  },
}

function everything(name) {
  return `export * from '${name}'`
}

async function namesOfNode(name) {
  return `import whole from '${name}'\n${await exportsOf(name)}\nexport default whole`
}

/** Of CommonJS that was a module once, whose `default` is a name as any other. */
async function namesOfModule(name) {
  return `import * as whole from '${name}'\n${await exportsOf(name)}`
}

/** What Node.js finds in a package, of a value named `whole`. */
async function exportsOf(name) {
  if (name in before) await import(before[name])
  const names = Object.keys(await import(name)).filter((one) =>
    /^(?!default$|__esModule$)\w+$/.test(one),
  )
  return `export const { ${names.join(', ')} } = whole`
}
