// SPDX-License-Identifier: Apache-2.0
// Operators of CANN that are not here and refuse by name. Not among them: those of which torch_npu
// asks whether they are there, to take another way when they are not.
#pragma once

// clang-format off
#define HOST_ABSENT_OPERATORS(X) \
  X(AdaptiveAvgPool2d) X(AdaptiveAvgPool2dBackward) X(AdaptiveAvgPool3d) \
  X(AdaptiveAvgPool3dBackward) X(AdaptiveMaxPool2d) X(AdaptiveMaxPool2dBackward) \
  X(AddLayerNorm) X(AddLayerNormGrad) X(AddLora) X(AddRmsNormDynamicQuantV2) X(AddRmsNormQuant) \
  X(AdvanceStep) X(AdvanceStepV2) X(AffineGrid) X(AllGatherMatmul) X(AllGatherMatmulV2) \
  X(AlltoAllMatmul) X(AlltoAllQuantMatmul) X(AlltoAllvGroupedMatMul) \
  X(AlltoAllvQuantGroupedMatMul) X(AminmaxAll) X(AminmaxDim) X(AmpUpdateScale) X(AngleV2) \
  X(AntiMxQuant) X(ApplyAdam) X(ApplyAdamW) X(ApplyAdamWV2) X(ApplyTopKTopP) X(AttentionToFFN) \
  X(AttentionUpdate) X(AttentionWorkerCombine) X(AvgPool2d) X(AvgPool2dBackward) X(AvgPool3d) \
  X(AvgPool3dBackward) X(BatchNorm) X(BatchNormBackward) X(BatchNormElemt) \
  X(BatchNormElemtBackward) X(BatchNormGatherStatsWithCounts) X(BatchNormReduce) \
  X(BatchNormReduceBackward) X(BatchNormStats) X(BinaryCrossEntropy) \
  X(BinaryCrossEntropyBackward) X(BinaryCrossEntropyWithLogits) \
  X(BinaryCrossEntropyWithLogitsBackward) X(BlockSparseAttention) X(BlockSparseAttentionGrad) \
  X(CIoU) X(Cdist) X(CdistBackward) X(ChannelShuffle) X(ChunkGatedDeltaRule) X(ClippedSwiglu) \
  X(CoalesceSparse) X(Complex) X(ConfusionTranspose) X(ConvDepthwise2d) X(ConvTbc) \
  X(ConvTbcBackward) X(Convolution) X(ConvolutionBackward) X(CrossEntropyLoss) \
  X(CrossEntropyLossGrad) X(CtcLoss) X(CtcLossBackward) X(DeepNorm) X(DeepNormGrad) \
  X(DeformableConv2d) X(DeformableConv2dBackward) X(DenseLightningIndexerGradKLLoss) \
  X(DenseLightningIndexerSoftmaxLse) X(DequantBias) X(DequantRopeQuantKvcache) \
  X(DistributeBarrier) X(DropoutGenMaskV2Tensor) X(DropoutV3) X(DualLevelQuantMatmulWeightNz) \
  X(DynamicBlockMxQuant) X(DynamicBlockQuant) X(DynamicDualLevelMxQuant) X(DynamicMxQuant) \
  X(DynamicMxQuantWithDualAxis) X(EluBackward) X(EmbeddingBag) X(EmbeddingDenseBackward) \
  X(EmbeddingRenorm) X(FFNToAttention) X(FFNV2) X(FakeQuantPerChannelAffineCachemask) \
  X(FakeQuantPerTensorAffineCachemask) X(FastGeluBackward) X(FfnWorkerBatching) \
  X(FlashAttentionScoreGrad) X(FlashAttentionScoreGradV2) X(FlashAttentionScoreGradV4) \
  X(FlashAttentionScoreV2) X(FlashAttentionScoreV4) X(FlashAttentionUnpaddingScoreGrad) \
  X(FlashAttentionUnpaddingScoreGradV2) X(FlashAttentionUnpaddingScoreGradV3) \
  X(FlashAttentionVarLenScore) X(FlashAttentionVarLenScoreV2) X(FlashAttentionVarLenScoreV3) \
  X(FlatQuant) X(ForeachAddList) X(ForeachAddScalar) X(ForeachAddcdivScalar) \
  X(ForeachAddcdivScalarList) X(ForeachAddcmulScalar) X(ForeachAddcmulScalarList) \
  X(ForeachDivScalar) X(ForeachMaximumScalar) X(ForeachMinimumScalar) X(ForeachMulScalar) \
  X(ForeachNonFiniteCheckAndUnscale) X(ForeachPowScalar) X(ForeachRoundOffNumber) \
  X(ForeachSubList) X(ForeachSubScalar) X(FusedCausalConv1d) X(FusedCrossEntropyLossWithMaxSum) \
  X(FusedFloydAttention) X(FusedFloydAttentionGrad) X(FusedInferAttentionScoreV2) \
  X(FusedInferAttentionScoreV3) X(FusedInferAttentionScoreV4) X(FusedInferAttentionScoreV5) \
  X(FusedLinearCrossEntropyLossGrad) X(FusedLinearOnlineMaxSum) X(FusedMatmul) \
  X(FusedQuantMatmul) X(FusedQuantMatmulWeightNz) X(FusedSgd) X(GRU) X(GRUBackward) \
  X(GatherPaKvCache) X(GatherV3) X(GeGluV3Backward) X(GeluBackward) X(GeluBackwardV2) \
  X(GeluMul) X(GeluQuant) X(GluBackward) X(GridSampler2D) X(GridSampler2DBackward) \
  X(GridSampler3D) X(GridSampler3DBackward) X(GroupNormBackward) X(GroupNormSilu) \
  X(GroupNormSwish) X(GroupNormSwishGrad) X(GroupQuant) X(GroupedDynamicBlockQuant) \
  X(GroupedDynamicMxQuant) X(GroupedMatMulAlltoAllv) X(GroupedMatmul) X(GroupedMatmulAdd) \
  X(GroupedMatmulFinalizeRoutingV2) X(GroupedMatmulFinalizeRoutingWeightNz) \
  X(GroupedMatmulSwigluQuantV2) X(GroupedMatmulSwigluQuantWeightNZ) X(HansDecode) X(HansEncode) \
  X(HardshrinkBackward) X(HardsigmoidBackward) X(HardswishBackward) X(HardtanhBackward) \
  X(Im2col) X(Im2colBackward) X(IncreFlashAttentionV4) X(IndexAddV2) \
  X(InplaceAttentionWorkerScheduler) X(InplaceFfnWorkerScheduler) X(InplaceFusedCausalConv1d) \
  X(InplaceNormalTensor) X(InplaceQuantScatter) X(InplaceRReluWithNoise) X(InplaceRandomTensor) \
  X(InplaceRandomWithoutFromTo) X(InplaceRandomWithoutFromToTensor) X(InplaceRenorm) \
  X(InplaceScatterUpdate) X(InplaceUniformTensor) X(InterleaveRope) X(Inverse) X(Iou) \
  X(IsInScalarTensor) X(IsInTensorScalar) X(KlDivBackward) X(KlDivTargetBackward) \
  X(KvQuantSparseFlashAttention) X(KvRmsNormRopeCache) X(L1LossBackward) X(LSTM) \
  X(LayerNormBackward) X(LeakyReluBackward) X(LessScalar) X(LightningIndexer) \
  X(LightningIndexerGrad) X(LinalgCross) X(LinalgQr) X(LogSigmoidBackward) \
  X(LogSoftmaxBackward) X(LogSpace) X(LstmBackward) X(MaskedCausalConv1d) \
  X(MaskedCausalConv1dBackward) X(MaskedScale) X(MaskedSoftmaxWithRelPosBias) \
  X(MatmulAllReduce) X(MatmulAllReduceV2) X(MatmulAlltoAll) X(MatmulReduceScatter) \
  X(MatmulReduceScatterV2) X(MaxPool2dWithIndices) X(MaxPool2dWithIndicesBackward) \
  X(MaxPool2dWithMask) X(MaxPool2dWithMaskBackward) X(MaxPool3dWithArgmax) \
  X(MaxPool3dWithArgmaxBackward) X(MaxUnpool2d) X(MaxUnpool3d) X(MhcPost) X(MhcSinkhorn) \
  X(MhcSinkhornBackward) X(MishBackward) X(MlaPrologV2WeightNz) X(MlaPrologV3WeightNz) \
  X(MoeDistributeCombine) X(MoeDistributeCombineV2) X(MoeGatingTopKBackward) X(MoeGatingTopKV2) \
  X(MoeInitRoutingQuantV2) X(MoeTokenPermuteGrad) X(MoeTokenPermuteWithRoutingMap) \
  X(MoeTokenPermuteWithRoutingMapGrad) X(MoeTokenUnpermuteGrad) \
  X(MoeTokenUnpermuteWithRoutingMap) X(MoeTokenUnpermuteWithRoutingMapGrad) X(MoeUpdateExpert) \
  X(MseLossBackward) X(MultilabelMarginLoss) X(MultinomialTensor) X(NLLLoss2d) \
  X(NLLLoss2dBackward) X(NLLLossBackward) X(NsaCompress) X(NsaCompressAttention) \
  X(NsaCompressAttentionInfer) X(NsaCompressGrad) X(NsaCompressWithCache) \
  X(NsaSelectedAttention) X(NsaSelectedAttentionGrad) X(NsaSelectedAttentionInfer) \
  X(ObfuscationCalculateV2) X(ObfuscationSetupV2) X(Pdist) X(Polar) X(PreluBackward) \
  X(PromptFlashAttentionV3) X(QkvRmsNormRopeCache) X(QuantConvolution) \
  X(QuantFlashAttentionScore) X(QuantFlashAttentionScoreGrad) X(QuantGroupedMatMulAlltoAllv) \
  X(QuantGroupedMatmulDequant) X(QuantLightningIndexer) X(QuantMatmulAllReduce) \
  X(QuantMatmulAllReduceV2) X(QuantMatmulAllReduceV3) X(QuantMatmulAllReduceV4) \
  X(QuantMatmulAlltoAll) X(QuantMatmulDequant) X(QuantMatmulReduceSumWeightNz) X(ROIAlign) \
  X(ROIAlignBackward) X(RReluWithNoise) X(RecurrentGatedDeltaRule) X(ReflectionPad1d) \
  X(ReflectionPad1dBackward) X(ReflectionPad2d) X(ReflectionPad2dBackward) X(ReflectionPad3d) \
  X(ReflectionPad3dBackward) X(Renorm) X(RepeatInterleaveGrad) X(ReplicationPad1d) \
  X(ReplicationPad1dBackward) X(ReplicationPad2d) X(ReplicationPad2dBackward) \
  X(ReplicationPad3d) X(ReplicationPad3dBackward) X(RingAttentionUpdateV2) X(RmsNormGrad) \
  X(RmsNormGradQuant) X(RmsNormQuant) X(RmsNormQuantV3) X(RopeWithSinCosCache) \
  X(RotaryPositionEmbeddingGrad) X(RotateQuant) X(ScaledMaskedSoftmaxBackward) X(ScatterList) \
  X(ScatterNdUpdate) X(ScatterPaCache) X(ScatterPaKvCache) X(SigmoidBackward) X(SiluBackward) \
  X(SimThreadExponential) X(Sleep) X(Slogdet) X(SmoothL1LossBackward) X(SoftMarginLoss) \
  X(SoftMarginLossBackward) X(SoftmaxBackward) X(SoftplusBackward) X(SoftshrinkBackward) \
  X(SparseFlashAttention) X(SparseFlashAttentionGrad) X(SparseFlashAttentionV2) \
  X(SparseLightningIndexerGradKLLoss) X(SparseLightningIndexerGradKLLossV2) X(SplitWithSize) \
  X(StridedSlice) X(Svd) X(SwiGluGrad) X(SwigluGroupQuant) X(SwigluGroupQuantGrad) \
  X(SyncBatchNormGatherStats) X(TanhBackward) X(ThnnFusedLstmCell) X(ThnnFusedLstmCellBackward) \
  X(ThresholdBackward) X(TopKTopPSample) X(TransposeBatchMatMul) \
  X(TransposeBatchMatMulWeightNz) X(TransposeQuantBatchMatMul) X(TriangularSolve) \
  X(UpsampleBicubic2d) X(UpsampleBicubic2dBackward) X(UpsampleBilinear2d) \
  X(UpsampleBilinear2dBackward) X(UpsampleLinear1d) X(UpsampleLinear1dBackward) \
  X(UpsampleNearest1d) X(UpsampleNearest1dBackward) X(UpsampleNearest2d) \
  X(UpsampleNearest2dBackward) X(UpsampleNearest3d) X(UpsampleNearest3dBackward) \
  X(UpsampleTrilinear3d) X(UpsampleTrilinear3dBackward) X(WeightQuantBatchMatmulV2) \
  X(WeightQuantBatchMatmulV3) X(WeightQuantMatmulAllReduce) X(WeightQuantPreprocess)
// clang-format on
