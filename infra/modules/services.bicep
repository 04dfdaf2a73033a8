// What the app keeps its data in, and the network in which all of it is private where that is asked for.

param token string
param location string
param tags { *: string }
param zoneRedundantApp bool
param zoneRedundantData bool
param privateNetwork bool
param serviceBusSku string
param cosmosMaxThroughput int
param recoverKeyVault bool
param operatorPrincipalId string
param senderPrincipalIds string[]
@description('Object id of the app\'s identity.')
param principalId string

var publicNetworkAccess = privateNetwork ? 'Disabled' : 'Enabled'
// Standard has no private endpoints: it stays reachable, for whoever has a role.
var privateServiceBus = privateNetwork && serviceBusSku == 'Premium'

module serviceBus 'serviceBus.bicep' = {
  params: {
    name: 'sb-patchbay-${token}'
    location: location
    tags: tags
    sku: serviceBusSku
    publicNetworkAccess: privateServiceBus ? 'Disabled' : 'Enabled'
    principalId: principalId
    senderPrincipalIds: senderPrincipalIds
  }
}

module cosmos 'cosmos.bicep' = {
  params: {
    name: 'cosmos-patchbay-${token}'
    location: location
    tags: tags
    zoneRedundant: zoneRedundantData
    publicNetworkAccess: publicNetworkAccess
    maxThroughput: cosmosMaxThroughput
    principalId: principalId
  }
}

module hostStorage 'hostStorage.bicep' = {
  params: {
    name: 'sthost${token}'
    location: location
    tags: tags
    zoneRedundant: zoneRedundantApp
    publicNetworkAccess: publicNetworkAccess
    principalId: principalId
  }
}

module storage 'storage.bicep' = {
  params: {
    name: 'stdata${token}'
    location: location
    tags: tags
    zoneRedundant: zoneRedundantData
    publicNetworkAccess: publicNetworkAccess
    principalId: principalId
  }
}

module keyVault 'keyVault.bicep' = {
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    recover: recoverKeyVault
    publicNetworkAccess: publicNetworkAccess
    principalId: principalId
    operatorPrincipalId: operatorPrincipalId
  }
}

var blobZone = 'privatelink.blob.${environment().suffixes.storage}'
var privateServices = [
  { name: 'host', id: hostStorage.outputs.id, group: 'blob', zone: blobZone }
  { name: 'data', id: storage.outputs.id, group: 'blob', zone: blobZone }
  { name: 'cosmos', id: cosmos.outputs.id, group: 'Sql', zone: 'privatelink.documents.azure.com' }
  { name: 'vault', id: keyVault.outputs.id, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }
]
var privateNamespace = [
  { name: 'bus', id: serviceBus.outputs.id, group: 'namespace', zone: 'privatelink.servicebus.windows.net' }
]

module network 'network.bicep' = if (privateNetwork) {
  params: {
    name: 'vnet-patchbay-${token}'
    location: location
    tags: tags
    services: concat(privateServices, privateServiceBus ? privateNamespace : [])
  }
}

output serviceBusId string = serviceBus.outputs.id
output serviceBusName string = serviceBus.outputs.fullyQualifiedName
output cosmosId string = cosmos.outputs.id
output cosmosEndpoint string = cosmos.outputs.endpoint
output cosmosDatabaseName string = cosmos.outputs.databaseName
output hostStorageName string = hostStorage.outputs.name
output audited { keyVault: string, cosmos: string, serviceBus: string, hostStorage: string } = {
  keyVault: keyVault.outputs.name
  cosmos: last(split(cosmos.outputs.id, '/'))
  serviceBus: last(split(serviceBus.outputs.id, '/'))
  hostStorage: hostStorage.outputs.name
}
output deploymentUri string = hostStorage.outputs.deploymentUri
output blobServiceUri string = storage.outputs.blobServiceUri
output keyVaultName string = keyVault.outputs.name
output functionsSubnetId string = network.?outputs.functionsSubnetId ?? ''
