import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { CommandLine } from '../../ui/command-line.tsx'
import { formatBytes, formatNumberOf } from '../../ui/format.ts'
import { Since } from '../../ui/moment.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { sentence } from '../../ui/sentence.ts'
import { Card } from '../card.tsx'
import { CopyButton } from '../copy-button.tsx'
import { Facts } from '../facts.tsx'
import { useDaemon } from '../live.ts'
import { hostOf } from '../word-parts.ts'
import { words } from '../words.ts'
import { Browsers } from './browsers.tsx'
import { Gateways } from './gateways.tsx'
import './settings.css'

const { settings: said } = words

/** What concerns all connections: gateways, browsers, the proxy, and the program itself. */
export default function SettingsView(): ReactNode {
  return (
    <div className="settings">
      <PageHead title={said.title} />
      <Gateways />
      <Browsers />
      <Proxies />
      <Notices />
      <About />
    </div>
  )
}

function Proxies(): ReactNode {
  const { proxies } = useDaemon()
  return (
    <Card title={said.proxies}>
      {proxies.length === 0 && (
        <>
          <Text c="dimmed" mb="xs">
            {said.noProxies}
          </Text>
          <CommandLine command={said.proxyCommand} purpose={said.proxyPurpose} />
        </>
      )}
      {proxies.map(({ address, gateway, user, tunnels, bytes }) => (
        <Facts
          key={`${address} ${gateway}`}
          facts={[
            [
              words.one.address,
              <CopyButton
                key="address"
                text={address}
                purpose={said.proxyAddress(hostOf(gateway))}
                what={said.proxyAddress(hostOf(gateway))}
              />,
            ],
            [words.one.gateway, hostOf(gateway)],
            [said.proxyUser, user],
            [words.one.tunnels, formatNumberOf(tunnels, 'tunnel')],
            [words.one.bytes, `${formatBytes(bytes.up)} / ${formatBytes(bytes.down)}`],
          ]}
        />
      ))}
    </Card>
  )
}

function Notices(): ReactNode {
  const { notices } = useDaemon()
  return (
    <Card title={said.notices}>
      {notices.length === 0 && <Text c="dimmed">{said.noNotices}</Text>}
      {notices.map(({ code, at, message, hint }) => (
        <div key={`${code} ${at}`}>
          <Text>{sentence(message)}</Text>
          {hint !== undefined && <Text c="dimmed">{sentence(hint)}</Text>}
        </div>
      ))}
    </Card>
  )
}

function About(): ReactNode {
  const { version, pid, started_at: startedAt } = useDaemon()
  return (
    <Card title={said.about}>
      <Facts
        facts={[
          [said.version, version],
          [said.process, String(pid)],
          [said.running, <Since key="since" at={startedAt} />],
        ]}
      />
    </Card>
  )
}
