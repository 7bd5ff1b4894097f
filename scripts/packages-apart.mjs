// Packages that few starts need, built apart from the program, which imports them where it needs them. An executable has
// them as they are: compiled ahead, as the rest of it is, they would be there twice over.

/** Below `dist`, beside `chunks`. */
export const apartDirectory = 'packages'

/** As our sources name them, with the names that they need of one; undefined: all that it has. */
const packages = {
  '@peculiar/asn1-ocsp': undefined,
  '@peculiar/asn1-schema': undefined,
  '@peculiar/x509': undefined,
  '@simplewebauthn/server': undefined,
  '@simplewebauthn/server/helpers': undefined,
  'acme-client': undefined,
  'oidc-provider': ['default'],
  'reflect-metadata': undefined,
  ssh2: undefined,
  tldts: undefined,
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
      const contents = `${imports}import * as whole from '${path}'\n${await exportsOf(path)}`
      return { contents, resolveDir: import.meta.dirname }
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
      contents: `const whole = await import('${path}')\n${await exportsOf(path)}`,
      resolveDir: import.meta.dirname,
    }))
  },
}

/** A value named `whole`, by the names that Node.js finds in a package: a bundle has all of CommonJS in `default`. */
async function exportsOf(name) {
  const names = await namesOf(name)
  const named = names.filter(
    (one) => /^\w+$/.test(one) && one !== 'default' && one !== '__esModule',
  )
  return [
    `export const { ${named.join(', ')} } = whole`,
    ...(names.includes('default') ? ['export default whole.default'] : []),
  ].join('\n')
}

async function namesOf(name) {
  if (packages[name] !== undefined) return packages[name]
  if (name in before) await import(before[name])
  return Object.keys(await import(name))
}
