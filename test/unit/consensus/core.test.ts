/** The core over rounds and heights, several of it talking to each other. */
import { expect, test } from '@jest/globals'
import { createNet, feed, settle, startOf, type Net } from '../../support/consensus-net.ts'

const startAll = (net: Net) => {
  for (const [of] of net.peers.entries()) feed(net, of, startOf(net, 1n), 5n)
}

test('four validators decide the same block at each of five heights', () => {
  const net = createNet()
  startAll(net)
  settle(net, () => net.peers.every(({ decisions }) => decisions.length === 5), 5n)
  for (const { decisions } of net.peers) {
    expect(decisions.map(({ height, round, blockHash }) => [height, round, blockHash])).toEqual(
      net.peers[0]?.decisions.map(({ height, round, blockHash }) => [height, round, blockHash]),
    )
    expect(decisions.map(({ round }) => round)).toEqual([0, 0, 0, 0, 0])
  }
})
