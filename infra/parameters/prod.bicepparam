using '../main.bicep'

param environmentName = 'prod'
param zoneRedundantApp = true
param zoneRedundantData = true
param privateNetwork = true
param serviceBusSku = 'Premium'
param cosmosMaxThroughput = 10000
param maximumInstanceCount = 200
param logRetentionDays = 90
