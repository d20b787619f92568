/**
 * admin_: the network as the owner of the node sees and steers it, in geth's shapes, with
 * multiaddresses where geth has enodes. Exists only where nobody but this machine reaches the RPC.
 */
import { methodNotFound, serverError } from '../errors.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import type { AdminApi, NodeApi, PeerView } from '../node-api.ts'
import { required, text } from '../params.ts'

const address = required('address', text)

const methods: MethodTable = {
  admin_nodeInfo: method([], ({ api }) => {
    const { peerId, addresses } = api.admin?.network?.self() ?? { peerId: '', addresses: [] }
    const { header, hash } = api.chain.head()
    const [listenAddr = ''] = addresses
    return {
      id: peerId,
      name: api.clientVersion,
      enode: listenAddr,
      listenAddr,
      addresses,
      protocols: {
        tributary: {
          network: Number(api.chain.spec.chainId),
          genesis: api.chain.store.blockByNumber(0n)?.block.hash ?? null,
          head: hash,
          height: Number(header.number),
        },
      },
    }
  }),
  admin_peers: method([], ({ api }) => (api.admin?.network?.peers() ?? []).map(formatPeer)),
  admin_addPeer: method([address], ({ api }, peer) => networkOf(api).add(peer)),
  admin_removePeer: method([address], ({ api }, peer) => networkOf(api).remove(peer)),
  admin_datadir: method([], ({ api }) => api.admin?.datadir ?? ''),
}

function networkOf({ admin: api }: NodeApi): NonNullable<AdminApi['network']> {
  if (!api?.network)
    throw serverError(
      'this node seals alone and has no network: `tributary run` with validators has',
    )
  return api.network
}

const formatPeer = (peer: PeerView) => ({
  id: peer.peerId,
  name: peer.clientVersion,
  enode: peer.address,
  caps: ['tributary/1'],
  network: { remoteAddress: peer.address, inbound: peer.isInbound },
  protocols: {
    tributary: { validator: peer.validator ?? null, score: peer.score, since: peer.sinceMs },
  },
})

/** Any page in the owner's browser can reach a node on loopback; none may speak for the owner. */
export const admin: MethodTable = Object.fromEntries(
  Object.entries(methods).map(([name, { params, handle, ...rest }]) => [
    name,
    {
      ...rest,
      params,
      handle: (context: Context, args: readonly unknown[]) => {
        if (context.origin !== undefined) throw methodNotFound(name)
        return handle(context, args)
      },
    },
  ]),
)
