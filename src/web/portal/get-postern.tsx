import { Anchor, Paper, Stack, Text, Title } from '@mantine/core'
import { useState, type ReactNode, type SyntheticEvent } from 'react'
import type { PortalDownload, PortalInstall } from '../../console/portal-view.ts'
import { CommandLine } from '../ui/command-line.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { browserWords, guessSystem, type SystemKind } from './guess-system.ts'

/** Where the other parts of the page lead whoever has no program yet. */
export const getPosternId = 'get-postern'

const kinds = [
  { value: 'linux', label: 'Linux' },
  { value: 'darwin', label: 'macOS' },
  { value: 'windows', label: 'Windows' },
] as const

/** How to get the program that the commands of this page are for. It stays open until somebody closes it. */
export function GetPostern({ install }: { readonly install: PortalInstall }): ReactNode {
  const [isOpen, setOpen] = useState(() => !isClosedBefore())
  return (
    <details
      id={getPosternId}
      className="own-list get-postern"
      open={isOpen}
      onToggle={({ currentTarget: { open } }) => {
        setOpen(open)
        rememberClosed(!open)
      }}
    >
      <summary>
        <Title order={2}>Get Postern</Title>
      </summary>
      <Paper className="card" p="md" mt="xs">
        <Stack gap="sm">
          <Text>The commands of this page need it on your machine, once.</Text>
          {install.executables.length > 0 ? (
            <Executables install={install} />
          ) : (
            <Elsewhere page={install.page} />
          )}
        </Stack>
      </Paper>
    </details>
  )
}

/** Leads there from the commands. */
export function GetPosternLink(): ReactNode {
  return (
    <Text size="sm">
      <Anchor href={`#${getPosternId}`} underline="always" onClick={openIt}>
        No postern on this machine yet?
      </Anchor>
    </Text>
  )
}

/** The focus goes along, which it would not by the address alone. */
function openIt(event: SyntheticEvent): void {
  event.preventDefault()
  const found = document.getElementById(getPosternId)
  if (found instanceof HTMLDetailsElement) found.open = true
  found?.querySelector('summary')?.focus()
}

function Elsewhere({ page }: Pick<PortalInstall, 'page'>): ReactNode {
  if (page === null) return <Text>Ask whoever runs this gateway where you get it.</Text>
  return (
    <Text>
      You get it at{' '}
      <Anchor href={page} underline="always" rel="noreferrer">
        {page}
      </Anchor>
    </Text>
  )
}

function Executables({ install: { gateway, executables } }: { readonly install: PortalInstall }) {
  const [kind, setKind] = useState<SystemKind>(() => guessSystem(browserWords()))
  const files = executables.filter(({ system }) => system.startsWith(`${kind}-`))
  const host = gateway.replace('https://', '')
  return (
    <>
      <SelectField label="Your system" value={kind} options={kinds} onChange={setKind} />
      {files.length === 0 && <Text>This gateway has none for this system.</Text>}
      {files.length > 0 && (
        <>
          <div>
            <Text size="sm" className="step">
              {kind === 'windows' ? 'In PowerShell' : 'In a terminal'}; it needs no{' '}
              {kind === 'windows' ? 'administrator' : 'root'} …
            </Text>
            <CommandLine
              command={oneLiner(kind, gateway)}
              purpose="the command that installs Postern"
            />
          </div>
          <div>
            <Text size="sm" className="step">
              … and then sign in
            </Text>
            <CommandLine
              command={`postern login ${host}`}
              purpose="the command that signs you in"
            />
          </div>
          <details className="by-hand">
            <summary>Download by hand</summary>
            <ul>
              {files.map((file) => (
                <Download key={file.name} file={file} />
              ))}
            </ul>
            <Text size="sm" c="dimmed">
              {kind === 'windows' ? trustOnWindows : trustElsewhere}
            </Text>
          </details>
        </>
      )}
    </>
  )
}

function Download({ file: { name, bytes, sha256, system } }: { readonly file: PortalDownload }) {
  return (
    <li>
      <div>
        <Anchor href={`${downloadsPath}${name}`} download={name} underline="always">
          {name}
        </Anchor>{' '}
        <Text span size="sm" c="dimmed">
          {machines[system] ?? system}, {Math.ceil(bytes / 1_000_000)} MB
        </Text>
        <Text size="sm" className="checksum">
          SHA-256 <code>{sha256}</code>
        </Text>
      </div>
    </li>
  )
}

const machines: Readonly<Record<string, string>> = {
  'linux-x64': 'Intel and AMD',
  'linux-arm64': 'ARM',
  'linux-x64-musl': 'Alpine on Intel and AMD',
  'linux-arm64-musl': 'Alpine on ARM',
  'darwin-arm64': 'Apple silicon',
  'darwin-x64': 'Intel',
  'windows-x64': 'Intel and AMD',
  'windows-arm64': 'ARM',
}

const trustElsewhere =
  'Where your machine does not know the authority of this gateway’s certificate, save that as a file and give it to both: curl --cacert FILE … | sh -s -- --ca-file FILE'
const trustOnWindows =
  'Where Windows does not know the authority of this gateway’s certificate, trust it first: Import-Certificate -FilePath FILE -CertStoreLocation Cert:\\CurrentUser\\Root'

/** As in `src/tunnel/paths.ts`. */
const downloadsPath = '/.postern/downloads/'

function oneLiner(kind: SystemKind, gateway: string): string {
  return kind === 'windows'
    ? `irm ${gateway}/.postern/install.ps1 | iex`
    : `curl -fsSL ${gateway}/.postern/install.sh | sh`
}

const closedKey = 'postern-get-closed'

/** A browser that keeps nothing shows it again. */
function isClosedBefore(): boolean {
  try {
    return localStorage.getItem(closedKey) !== null
  } catch {
    return false
  }
}

function rememberClosed(isClosed: boolean): void {
  try {
    if (isClosed) localStorage.setItem(closedKey, 'yes')
    else localStorage.removeItem(closedKey)
  } catch {
    // Shown again next time.
  }
}
