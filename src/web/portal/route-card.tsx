import { Anchor, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { PortalRoute, PortalWay } from '../../console/portal-view.ts'
import { CommandLine } from '../ui/command-line.tsx'
import { sentence } from '../ui/sentence.ts'
import { AccessState } from './access-state.tsx'
import { AskForm } from './ask-form.tsx'
import { GetPosternLink } from './get-postern.tsx'

interface RouteProps {
  readonly route: PortalRoute
}

/** A route with the commands that use it. */
export function UsableRoute({ route }: RouteProps): ReactNode {
  return (
    <Paper className="card" p="md" component="section" aria-label={route.name}>
      <Stack gap="xs">
        <div>
          <Title order={2}>{route.name}</Title>
          {route.description !== '' && <Text c="dimmed">{route.description}</Text>}
          {route.isOffline && <Text size="sm">Not connected now: nothing would answer.</Text>}
        </div>
        <AccessState route={route} />
        {route.ways.map((way) => (
          <Way key={way.destination} way={way} routeName={route.name} />
        ))}
        <GetPosternLink />
      </Stack>
    </Paper>
  )
}

/** A route that somebody may not use: why, whom to ask, and how to get in for a while. */
export function ListedRoute({ route }: RouteProps): ReactNode {
  const { askMaxSeconds = null, breakGlassMaxSeconds = null, pending = null } = route.access ?? {}
  const isAsked = askMaxSeconds !== null || pending !== null
  return (
    <Paper className="card" p="md" component="section" aria-label={route.name}>
      <Stack gap="xs">
        <div>
          <Title order={3}>{route.name}</Title>
          {route.description !== '' && <Text c="dimmed">{route.description}</Text>}
        </div>
        <div>
          {route.reasons.map((reason) => (
            <Text key={reason}>{sentence(reason)}</Text>
          ))}
          {(!isAsked || route.contact !== '') && (
            <Text>
              {isAsked ? 'Questions' : 'Ask for access'}: <Contact contact={route.contact} />
            </Text>
          )}
        </div>
        <AccessState route={route} />
        {askMaxSeconds !== null && (
          <AskForm route={route} maxSeconds={askMaxSeconds} kind="approval" />
        )}
        {breakGlassMaxSeconds !== null && (
          <AskForm route={route} maxSeconds={breakGlassMaxSeconds} kind="break-glass" />
        )}
      </Stack>
    </Paper>
  )
}

function Way({
  way,
  routeName,
}: {
  readonly way: PortalWay
  readonly routeName: string
}): ReactNode {
  const { destination, placeholders, open, commands } = way
  return (
    <Stack gap={6}>
      {(destination !== routeName || placeholders.length > 0) && (
        <Text size="sm" c="dimmed">
          {destination}
          {placeholders.length > 0 && ` — ${placeholders.map(explain).join(', ')}`}
        </Text>
      )}
      {open === null ? (
        <Commands commands={commands} routeName={routeName} />
      ) : (
        <>
          <CommandLine command={open} purpose={`the command that opens ${routeName}`} />
          <details className="by-hand">
            <summary>With programs of your own</summary>
            <Commands commands={commands} routeName={routeName} />
          </details>
        </>
      )}
    </Stack>
  )
}

interface CommandsProps {
  readonly commands: PortalWay['commands']
  readonly routeName: string
}

function Commands({ commands, routeName }: CommandsProps): ReactNode {
  return (
    <Stack gap={6}>
      {commands.map(({ tool, command }) => (
        <div key={tool}>
          {commands.length > 1 && (
            <Text size="sm" className="step">
              {steps[tool] ?? tool}
            </Text>
          )}
          {commands.length === 1 && tool === 'postern' && <WhatFor command={command} />}
          <CommandLine command={command} purpose={`the ${tool} command for ${routeName}`} />
        </div>
      ))}
    </Stack>
  )
}

/** Of a local port that no tool is known for: what to do with it. */
function WhatFor({ command }: { readonly command: string }): ReactNode {
  const [, address = 'the address that it prints'] = / --url (\S+)$/.exec(command) ?? []
  return (
    <Text size="sm" className="step">
      Keep this running, and point your program at {address}
    </Text>
  )
}

/** What several commands are for. */
const steps: Readonly<Record<string, string>> = {
  postern: 'Keep a local port open in one terminal …',
  psql: '… and use it in another',
  mysql: '… and use it in another',
  'redis-cli': '… and use it in another',
  mongosh: '… and use it in another',
  sqlcmd: '… and use it in another',
  mstsc: '… and connect to it, on Windows',
  xfreerdp: '… or on Linux',
}

function explain(placeholder: string): string {
  if (placeholder === 'PORT') return 'replace PORT with the port of the service'
  return placeholder === 'HOST'
    ? 'replace HOST with the name or address of the machine'
    : `replace ${placeholder} with the name of the machine`
}

function Contact({ contact }: { readonly contact: string }): ReactNode {
  if (contact === '') return 'whoever runs this gateway.'
  const href = /^[^\s@:/]+@[^\s@:/]+$/.test(contact) ? `mailto:${contact}` : contact
  if (!/^(?:mailto:|https:\/\/\S+$)/.test(href)) return contact
  return (
    <Anchor href={href} underline="always" rel="noreferrer">
      {contact}
    </Anchor>
  )
}
