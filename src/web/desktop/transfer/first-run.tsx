import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { PageHead } from '../../ui/page-head.tsx'
import { Attention } from '../attention.tsx'
import { words } from '../words.ts'
import { GatewayLoad } from './gateway-load.tsx'
import './transfer.css'

/** What somebody sees who has no connection yet: all that it takes to have one. */
export default function FirstRun(): ReactNode {
  return (
    <div className="narrow">
      <PageHead title={words.first.title} lead={words.first.lead} />
      <Attention />
      <Paper className="card" p="lg">
        <GatewayLoad />
      </Paper>
      <Text mt="md" c="dimmed">
        {words.first.or} <Link href="/import">{words.first.import}</Link> {words.first.orAgain}{' '}
        <Link href="/new">{words.first.add}</Link>.
      </Text>
    </div>
  )
}
