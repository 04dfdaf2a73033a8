// The store. Its containers are those of shared/azure/cosmos/containers.py; a test compares.

param name string
param location string
param tags { *: string }
param zoneRedundant bool
param publicNetworkAccess string
@description('Request units per second that all containers together may scale to; 0 is serverless.')
param maxThroughput int
@description('Object id of the app\'s identity.')
param principalId string

var databaseName = 'patchbay'
var cosmosDataContributor = '00000000-0000-0000-0000-000000000002'
var serverless = maxThroughput == 0

// `ttl` -1: documents live for the seconds that they say themselves, and for ever without. None: nothing expires.
// The partition key is indexed as well, which Cosmos does not do by itself. The paths of each item of `composite` are
// indexed together.
var containers { name: string, partitionKey: string[], searched: string[], composite: string[][]?, ttl: int? }[] = [
  {
    name: 'conversations'
    partitionKey: ['/tenantId', '/conversationKey']
    searched: [
      '/key/?'
      '/state/?'
      '/queue/?'
      '/bot/?'
      '/channel/?'
      '/attention/?'
      '/warnings/[]/?'
      '/customer/?'
      '/started/?'
      '/activity/?'
      '/waiting/?'
      '/attentionAt/?'
      '/unpostedMonth/?'
    ]
    composite: [
      ['/queue', '/started']
      ['/queue', '/waiting']
      ['/channel', '/started']
      ['/channel', '/waiting']
      ['/bot', '/started']
      ['/state', '/started']
    ]
    ttl: -1
  }
  {
    name: 'threads'
    partitionKey: ['/tenantId', '/threadKey']
    searched: []
    ttl: -1
  }
  {
    name: 'ledger'
    partitionKey: ['/tenantId', '/period']
    searched: ['/key/?', '/standing/?', '/day/?', '/firstOf/?', '/version/?']
    ttl: -1
  }
  {
    name: 'configurations'
    partitionKey: ['/tenantId']
    searched: ['/number/?']
  }
  {
    name: 'parked'
    partitionKey: ['/tenantId']
    searched: ['/position/?', '/waiting/?']
    ttl: -1
  }
]

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    capabilities: serverless ? [{ name: 'EnableServerless' }] : []
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: zoneRedundant }]
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: 'Continuous7Days' } }
    disableKeyBasedMetadataWriteAccess: true
    disableLocalAuth: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: publicNetworkAccess
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-11-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: { id: databaseName }
    options: serverless ? {} : { autoscaleSettings: { maxThroughput: maxThroughput } }
  }
}

resource container 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-11-15' = [
  for each in containers: {
    parent: database
    name: each.name
    properties: {
      resource: {
        id: each.name
        partitionKey: {
          paths: each.partitionKey
          kind: length(each.partitionKey) > 1 ? 'MultiHash' : 'Hash'
          version: 2
        }
        indexingPolicy: {
          indexingMode: 'consistent'
          automatic: true
          includedPaths: map(concat(map(each.partitionKey, key => '${key}/?'), each.searched), path => { path: path })
          excludedPaths: [{ path: '/*' }]
          compositeIndexes: map(each.?composite ?? [], paths => map(paths, path => { path: path, order: 'ascending' }))
        }
        ...(each.?ttl == null ? {} : { defaultTtl: each.ttl! })
      }
    }
  }
]

resource readsAndWrites 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = {
  parent: account
  name: guid(database.id, principalId, cosmosDataContributor)
  properties: {
    principalId: principalId
    roleDefinitionId: '${account.id}/sqlRoleDefinitions/${cosmosDataContributor}'
    scope: '${account.id}/dbs/${databaseName}'
  }
}

output id string = account.id
output endpoint string = account.properties.documentEndpoint
output databaseName string = databaseName
