import { stringify } from 'yaml'
import { downloadOf, type Release } from '../release.ts'

const identifier = 'Postern.Postern'
const manifestVersion = '1.6.0'

/**
 * What winget is told about a release, by the name of the file.
 *
 * @see https://learn.microsoft.com/windows/package-manager/package/manifest
 */
export function wingetManifests(release: Release): ReadonlyMap<string, string> {
  const { version } = release
  const manifest = (type: string, fields: object): string =>
    stringify({
      PackageIdentifier: identifier,
      PackageVersion: version,
      ...fields,
      ManifestType: type,
      ManifestVersion: manifestVersion,
    })
  return new Map([
    [`${identifier}.yaml`, manifest('version', { DefaultLocale: 'en-US' })],
    [`${identifier}.installer.yaml`, manifest('installer', installers(release))],
    [`${identifier}.locale.en-US.yaml`, manifest('defaultLocale', words)],
  ])
}

function installers(release: Release): object {
  return {
    InstallerType: 'zip',
    NestedInstallerType: 'portable',
    Installers: ['x64', 'arm64'].map((architecture) => {
      const name = `postern-${release.version}-windows-${architecture}`
      const { url, sha256 } = downloadOf(release, `${name}.zip`)
      return {
        Architecture: architecture,
        NestedInstallerFiles: [
          { RelativeFilePath: `${name}\\postern.exe`, PortableCommandAlias: 'postern' },
        ],
        InstallerUrl: url,
        InstallerSha256: sha256.toUpperCase(),
      }
    }),
  }
}

const words = {
  PackageLocale: 'en-US',
  Publisher: 'The authors of Postern',
  PackageName: 'Postern',
  License: 'Apache-2.0',
  ShortDescription: 'Identity-aware access to TCP services through one HTTPS port',
}
